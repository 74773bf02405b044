package upload

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
	"unicode"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// maxErrorText bounds in bytes what of a server's or library's text is shown.
const maxErrorText = 400

// S3Error is a failure of [S3] itself. Its text is one line without credentials.
type S3Error struct {
	Act    string // put, get, list or delete
	Key    string // the prefix for a list
	Bucket string
	Status int    // HTTP; 0: the server did not answer
	Code   string // the server's, such as AccessDenied
	Cause  string // what happened
	Hint   string // which setting to change, or what to do; empty where that is not known

	err error
}

// Error says act, key, bucket, cause and hint.
func (e *S3Error) Error() string {
	return e.Brief() + ifSet("; ", e.Hint)
}

// Brief is the text without the hint.
func (e *S3Error) Brief() string {
	return fmt.Sprintf("%s %s in bucket %s: %s", e.Act, e.Key, e.Bucket, e.Cause)
}

// Unwrap returns ErrDenied where the server said that of the object, else nil: the
// libraries' own errors may hold credentials.
func (e *S3Error) Unwrap() error { return e.err }

func ifSet(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

// failed makes of an SDK's error the one that the caller gets.
func (c *call) failed(err error) error {
	if ended := c.parent.Err(); ended != nil {
		return fmt.Errorf("%s %s: %w", c.act, c.key, ended)
	}
	over := c.ctx.Err() != nil
	if over && c.last != nil {
		err = c.last // not "context canceled", which says nothing
	}
	e := &S3Error{Act: c.act, Key: c.key, Bucket: c.store.opt.Bucket}
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		e.Status = response.HTTPStatusCode()
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		e.Code = api.ErrorCode()
	}
	switch {
	case errors.Is(err, errCompressed) || compressed(response):
		e.Cause, e.Hint = errCompressed.Error(), "a proxy between this machine and the bucket compresses: let it pass the bodies as they are, or "+checkEndpoint
	case err == errNotS3:
		e.Cause, e.Hint = err.Error(), "is this an S3 server, and no proxy's or portal's page? "+checkEndpoint
	case e.Status != 0:
		c.store.explainAnswer(e, response, api)
	case over && c.last == nil:
		e.Cause, e.Hint = "no answer within "+time.Since(c.start).Round(time.Millisecond).String(), c.store.silentHint()
	default:
		c.store.explainSilence(e, err)
	}
	if e.Status == http.StatusForbidden && (e.Code == "" || e.Code == "UnknownError" || e.Code == "AccessDenied" || e.Code == "Forbidden") {
		e.err = ErrDenied
	}
	if c.attempts > 1 {
		e.Cause += fmt.Sprintf(" (%d attempts)", c.attempts)
	}
	e.Cause = oneLine(c.store.secrets.remove(e.Cause))
	e.Hint = oneLine(c.store.secrets.remove(e.Hint))
	return e
}

// explainAnswer is for an answer that says no.
func (s *S3) explainAnswer(e *S3Error, response *awshttp.ResponseError, api smithy.APIError) {
	e.Cause = fmt.Sprintf("%d", e.Status)
	if e.Code != "" && e.Code != "UnknownError" {
		e.Cause += " " + e.Code
	}
	if api != nil && api.ErrorMessage() != "" && api.ErrorMessage() != e.Code {
		e.Cause += ": " + s.secrets.removeWords(api.ErrorMessage())
	} else if api == nil {
		e.Cause += ": " + response.Err.Error()
	}
	region, location := "", ""
	if response.Response != nil {
		region = response.Response.Header.Get("X-Amz-Bucket-Region")
		location = response.Response.Header.Get("Location")
	}
	e.Hint = s.answerHint(e, region, location)
}

const (
	checkKeys     = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
	checkEndpoint = "check AMS_S3_ENDPOINT_URL"
)

// permissions are what each act needs. Without s3:ListBucket, AWS answers 403
// instead of 404 for an object that is not there.
var permissions = map[string]string{
	"put":    "s3:PutObject",
	"get":    "s3:GetObject and s3:ListBucket",
	"list":   "s3:ListBucket",
	"delete": "s3:DeleteObject",
}

func (s *S3) answerHint(e *S3Error, region, location string) string {
	if location != "" && region == "" && e.Status < 400 {
		return "the server redirects to " + location + ", and AMS does not go there: " + checkEndpoint
	}
	switch e.Code {
	case "InvalidAccessKeyId", "XAdminUserNotFound", "InvalidAccessKey":
		return "the server does not know this access key: " + checkKeys
	case "SignatureDoesNotMatch":
		return "the secret key is not the access key's: " + checkKeys
	case "ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired":
		return "the session token is no longer valid: renew it (aws sso login), or check AWS_SESSION_TOKEN"
	case "NoSuchBucket", "InvalidBucketName":
		return "check AMS_S3_BUCKET and " + strings.TrimPrefix(checkEndpoint, "check ") + "; the bucket must be made first"
	case "RequestTimeTooSkewed", "RequestExpired":
		return "the clock of this machine or of the server is wrong: here it is " + time.Now().UTC().Format(time.RFC3339)
	case "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "IncorrectEndpoint", "PermanentRedirect", "TemporaryRedirect":
		return regionHint(region)
	case "NotImplemented", "KMS.NotFoundException", "KMS.DisabledException", "InvalidEncryptionAlgorithmError":
		if s.opt.SSE != "" {
			return "check AMS_S3_SSE and the KMS key: this server may not encrypt on request"
		}
	case "BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch":
		return "the body was changed on its way: check proxies and " + strings.TrimPrefix(checkEndpoint, "check ")
	case "EntityTooLarge":
		return "the server takes no objects of this size"
	case "AccessDenied", "AllAccessDisabled", "AccountProblem":
		return s.deniedHint(e.Act)
	}
	switch {
	case region != "" && e.Status < 400:
		return regionHint(region)
	case e.Status == 401 || e.Status == 403:
		return s.deniedHint(e.Act)
	case e.Status == 429 || e.Status >= 500:
		return "the server is down or overloaded: the next run tries again"
	case e.Status == 400 && (e.Code == "" || e.Code == "UnknownError") && strings.HasPrefix(s.opt.Endpoint, "http://"):
		return "a port that wants TLS answers so: set AMS_S3_ENDPOINT_URL to https://"
	case e.Code == "" || e.Code == "UnknownError" || e.Code == "NotFound" || e.Code == "MethodNotAllowed":
		return "is this an S3 server? " + checkEndpoint
	}
	return ""
}

func (s *S3) deniedHint(act string) string {
	return fmt.Sprintf("these credentials may not do it: allow %s on bucket %s and %s%s*, or %s", permissions[act], s.opt.Bucket,
		s.opt.Bucket+"/", s.prefix, checkKeys)
}

func regionHint(region string) string {
	if region != "" {
		return "the bucket is in another region: set AMS_S3_REGION=" + region
	}
	return "the bucket is in another region: set AMS_S3_REGION to it, or " + checkEndpoint
}

func (s *S3) silentHint() string {
	return "the server is silent: " + s.reach()
}

// reach says which settings decide where a request goes.
func (s *S3) reach() string {
	if s.opt.Endpoint == "" {
		return "check AMS_S3_REGION, AMS_S3_BUCKET, HTTPS_PROXY and the network"
	}
	return checkEndpoint + ", HTTPS_PROXY and the network"
}

// explainSilence is for a request without an answer.
func (s *S3) explainSilence(e *S3Error, err error) {
	var credentials *credentialsError
	if errors.As(err, &credentials) {
		e.Cause, e.Hint = explainCredentials(credentials.err)
		return
	}
	e.Cause = innermost(err)
	var (
		dns       *net.DNSError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		record    tls.RecordHeaderError
		timeout   net.Error
	)
	switch {
	case errors.As(err, &dns):
		e.Hint = "the server's name is not known here: " + s.reach()
	case errors.As(err, &authority):
		e.Hint = "the server's certificate is of an authority that is not known here: set AWS_CA_BUNDLE to the authority's PEM file"
	case errors.As(err, &host):
		e.Hint = "the certificate is for another name: " + checkEndpoint
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		e.Hint = "the server's certificate is over or not yet valid: renew it, or set this machine's clock"
	case errors.As(err, &invalid), errors.As(err, &verify):
		e.Hint = "the server's certificate is not accepted: check it and AWS_CA_BUNDLE"
	case errors.As(err, &record), strings.Contains(e.Cause, "server gave HTTP response to HTTPS client"):
		e.Hint = "the server does not speak TLS on this port: set AMS_S3_ENDPOINT_URL to http:// or to another port"
	case strings.Contains(e.Cause, "malformed HTTP response"):
		e.Hint = "the server does not speak plain HTTP on this port: set AMS_S3_ENDPOINT_URL to https:// or to another port"
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(e.Cause, "refused"):
		e.Hint = "nothing answers on this port: is the server running? " + s.reach()
	case errors.As(err, &timeout) && timeout.Timeout():
		e.Hint = s.silentHint()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, net.ErrClosed): // by the transport, when its Read saw the break before our Write
		e.Hint = "the connection broke: the next run tries again; if it always does, " + checkEndpoint
		if strings.HasPrefix(s.opt.Endpoint, "http://") {
			e.Hint += ", which may have to be https://" // a TLS server may say no more to plain HTTP
		}
	default:
		e.Hint = s.reach()
	}
}

func explainCredentials(err error) (cause, hint string) {
	const set = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
	var broken *brokenKeyError
	if errors.As(err, &broken) {
		return broken.Error(), "set " + broken.name + " without it, where it is set: in the environment, ~/.config/ams/env or ~/.aws/credentials"
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "SSO") || strings.Contains(text, "sso"):
		return "no credentials: " + text, "run aws sso login, or " + set
	case strings.Contains(text, "IMDS") || strings.Contains(text, "static credentials are empty"):
		return "no credentials found", set
	}
	return "no credentials: " + text, set
}

// innermost leaves out the SDK's and net/http's words around a network error:
// the operation and the URL are said already.
func innermost(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return op.Error()
	}
	text := err.Error()
	for _, at := range []string{"https response error StatusCode: 0, RequestID: , HostID: , ", "request send failed, "} {
		if _, after, ok := strings.Cut(text, at); ok {
			text = after
		}
	}
	for _, act := range []string{"Put ", "Get ", "Delete "} {
		if strings.HasPrefix(text, act+`"`) {
			if _, after, ok := strings.Cut(text, `": `); ok {
				text = after
			}
		}
	}
	return text
}

// oneLine makes a server's text fit for a line of a log: no control
// characters, no runs of space, not long.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar }), " ")
	if len(text) > maxErrorText {
		text = strings.ToValidUTF8(text[:maxErrorText], "") + "..."
	}
	return text
}

// errNotS3 is an answer without error that no S3 server gives: what a proxy, a
// captive portal or a web server says to everything. Taken for success, it would
// let spools be pruned that were never stored.
var errNotS3 = errors.New("the answer is not one of an S3 server")

// errCompressed is an answer whose body somebody between compressed: the SDK hands it on as it is.
var errCompressed = errors.New("the answer is compressed, which no S3 server does unasked")

// notS3 returns an error for an answer that no S3 server gives.
func notS3(meta middleware.Metadata) error {
	response, ok := awsmiddleware.GetRawResponse(meta).(*smithyhttp.Response)
	switch {
	case !ok:
		return nil
	case strings.HasPrefix(response.Header.Get("Content-Type"), "text/html"):
		return errNotS3
	case isCompressed(response):
		return errCompressed
	}
	return nil
}

func isCompressed(response *smithyhttp.Response) bool {
	switch response.Header.Get("Content-Encoding") {
	case "", "identity", "aws-chunked":
		return false
	}
	return true
}

// compressed is isCompressed for an answer that could not be read.
func compressed(response *awshttp.ResponseError) bool {
	return response != nil && response.ResponseError != nil && response.Response != nil && isCompressed(response.Response)
}

// notJSON returns an error for a body that comes in place of a JSON object's, without the header that would say so.
func notJSON(key string, body []byte) error {
	switch {
	case !strings.HasSuffix(key, ".json"):
	case bytes.HasPrefix(body, []byte("\x1f\x8b")):
		return errCompressed
	case bytes.HasPrefix(bytes.TrimSpace(body[:min(len(body), maxErrorText)]), []byte("<")):
		return errNotS3
	}
	return nil
}

func isNoSuchKey(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == "NoSuchKey"
}

// conditionFailed reports whether the server refused for the condition: 412, 409
// where other conditional puts were under way in every attempt, and 404 NoSuchKey
// for If-Match where nothing is. A 404 for the bucket is not one.
func conditionFailed(err error) bool {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return false
	}
	switch api.ErrorCode() {
	case "PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey":
		return true
	}
	var response *awshttp.ResponseError
	return errors.As(err, &response) && response.HTTPStatusCode() == 412
}
