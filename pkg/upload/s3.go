package upload

import (
	"bytes"
	"cmp"
	"context"
	"crypto/md5"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"
)

// S3Options say which bucket, where, and how.
type S3Options struct {
	Bucket string // must be there; the store makes none

	// Prefix goes before every key, with a slash between. Slashes around it are
	// taken off; empty puts the keys at the bucket's root.
	Prefix string

	// Endpoint is the URL of a server other than AWS: http or https, without
	// credentials. Empty: the endpoint_url that the SDK's own settings name, else AWS.
	Endpoint string

	// Region is empty for what AWS_REGION or the profile says. With neither, it is
	// us-east-1 at an endpoint, which servers with one region take, and an error at AWS.
	Region string

	// SSE asks the server to encrypt: "AES256" or "aws:kms". Empty asks for
	// nothing: servers without a key service refuse the request otherwise, and AWS
	// encrypts anyway.
	SSE      string
	KMSKeyID string // with aws:kms; empty: the bucket's default key

	Timeouts S3Timeouts
}

// S3Timeouts bound what a server can make a call wait for. Zero is the default.
// The SDK's own client would wait for a silent server for ever.
type S3Timeouts struct {
	Dial    time.Duration // to be connected, 5 s
	TLS     time.Duration // for the handshake, 5 s
	Header  time.Duration // for the answer once the request is sent, 20 s
	Stall   time.Duration // for any byte to go either way, 30 s
	Call    time.Duration // for a whole call with its retries, 30 s and what the size adds
	Backoff time.Duration // at most between two attempts, 5 s
}

const (
	s3Attempts = 4        // of each request: a server that restarts is back after them
	slowest    = 16 << 10 // bytes a second that a call's timeout allows for: a mobile line shared by several uploads
	maxReserve = 64 << 20 // bytes reserved on a server's word; more only as they come
)

func (t S3Timeouts) withDefaults() S3Timeouts {
	for _, d := range []struct {
		set *time.Duration
		to  time.Duration
	}{{&t.Dial, 5 * time.Second}, {&t.TLS, 5 * time.Second}, {&t.Header, 20 * time.Second}, {&t.Stall, 30 * time.Second},
		{&t.Call, 30 * time.Second}, {&t.Backoff, 5 * time.Second}} {
		if *d.set == 0 {
			*d.set = d.to
		}
	}
	return t
}

// S3 is a [Store] in a bucket of AWS S3 or of a server that speaks its protocol:
// Cloudflare R2, Google Cloud Storage, Backblaze B2, MinIO, Ceph, versitygw and
// the like. The object K is the object PREFIX/K of the bucket.
//
// Requests are kept to what all of these take: one PutObject per object, a
// Content-MD5 for its integrity and none of the newer checksums (Ceph, R2 and B2
// refused them or the trailers that carry them), no tags (B2), no encryption
// unless asked for, path style at an endpoint, an unsigned Accept-Encoding
// (Google's front end rewrites it).
//
// Conditions need a server that knows them: If-Match and If-None-Match are
// checked atomically by AWS, R2, MinIO and versitygw. Where a server refuses
// them, a Put looks first and puts then, and two at the same time may both win:
// see s3_conditions.go. A server that ignores them makes such a Put
// unconditional.
//
// An answer that is not the bucket's (a page, a compressed body, a redirect) is an
// error and never taken for one.
//
// Credentials are those of the SDK's chain: environment, profiles, SSO,
// container and, at AWS only, instance roles. They are looked up by the first
// call and appear in no error.
type S3 struct {
	client     *s3.Client
	opt        S3Options
	prefix     string // empty or ending in a slash
	secrets    *secrets
	retryer    aws.Retryer
	conditions conditions // what this server takes, as far as this value has learned
}

// NewS3 returns the store. It reads the SDK's environment variables and files and
// makes no connection, so a wrong key or bucket is found by the first call. An
// error is one of the settings, and names the one to change.
func NewS3(ctx context.Context, opt S3Options) (*S3, error) {
	opt.Timeouts = opt.Timeouts.withDefaults()
	if err := opt.check(); err != nil {
		return nil, err
	}
	cfg, err := loadConfig(ctx, opt)
	if err != nil {
		return nil, err
	}
	if configured := s3.NewFromConfig(cfg).Options().BaseEndpoint; opt.Endpoint == "" && configured != nil {
		opt.Endpoint = *configured // AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the profile's endpoint_url
		if err := opt.check(); err != nil {
			return nil, err
		}
		if cfg, err = loadConfig(ctx, opt); err != nil {
			return nil, err
		}
	}
	if cfg.Region == "" {
		if opt.Endpoint == "" {
			return nil, errors.New("no region for S3: set AMS_S3_REGION (or AWS_REGION, or region in the AWS profile) to the bucket's region, " +
				"or AMS_S3_ENDPOINT_URL for a server other than AWS")
		}
		cfg.Region = "us-east-1"
	}
	s := &S3{opt: opt, secrets: &secrets{provider: cfg.Credentials}, retryer: newRetryer(opt.Timeouts)}
	if p := strings.Trim(opt.Prefix, "/"); p != "" {
		s.prefix = p + "/"
	}
	s.client = s3.NewFromConfig(cfg, func(o *s3.Options) {
		if opt.Endpoint != "" {
			o.BaseEndpoint = aws.String(opt.Endpoint)
			o.UsePathStyle = true
		}
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.Credentials = s.secrets
		o.HTTPClient = atHome(cfg.HTTPClient)
		o.Retryer = s.retryer
		o.RetryMaxAttempts = s3Attempts // beats AWS_MAX_ATTEMPTS
		o.HTTPSignerV4 = unsignedEncoding{o.HTTPSignerV4}
	})
	return s, nil
}

func (o S3Options) check() error {
	if o.Bucket == "" {
		return errors.New("no bucket for S3: set AMS_S3_BUCKET")
	}
	if strings.ContainsAny(o.Bucket, "/ \t\n") {
		return fmt.Errorf("bucket %q is a bare name, without scheme or path: set AMS_S3_BUCKET, and AMS_S3_PREFIX for the folder in it", o.Bucket)
	}
	if err := checkPrefix(o.Prefix); err != nil {
		return err
	}
	if o.Endpoint != "" {
		u, err := url.Parse(o.Endpoint)
		switch {
		case strings.Contains(o.Endpoint, "@"): // no text below may hold a password
			return errors.New("the S3 endpoint holds credentials: take them out of AMS_S3_ENDPOINT_URL and set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
		case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "":
			return fmt.Errorf("the S3 endpoint %q is not like https://host:port: set AMS_S3_ENDPOINT_URL", o.Endpoint)
		}
	}
	switch o.SSE {
	case "", "AES256":
		if o.KMSKeyID != "" {
			return errors.New("a KMS key needs the encryption aws:kms: set AMS_S3_SSE")
		}
	case "aws:kms":
	default:
		return fmt.Errorf("encryption %q is not AES256 or aws:kms: set AMS_S3_SSE", o.SSE)
	}
	return nil
}

// checkPrefix returns an error for a prefix that would not come back as it is
// from every server: parts that are empty, "." or "..", backslashes, control
// characters, or more than 512 bytes. Anything else is allowed, spaces and
// letters of any script too.
func checkPrefix(prefix string) error {
	prefix = strings.Trim(prefix, "/")
	bad := len(prefix) > maxKey || strings.ContainsRune(prefix, '\\') || strings.ToValidUTF8(prefix, "") != prefix ||
		strings.ContainsFunc(prefix, func(r rune) bool { return r < ' ' || r == 0x7f })
	if prefix != "" {
		for part := range strings.SplitSeq(prefix, "/") {
			bad = bad || part == "" || part == "." || part == ".."
		}
	}
	if bad {
		return fmt.Errorf("prefix %.80q cannot be used in every bucket: set AMS_S3_PREFIX to a name like ams or team/ams", prefix)
	}
	return nil
}

// loadConfig reads the SDK's settings. Instance credentials are asked for at AWS
// only: elsewhere there is no such service, and waiting for it takes 12 s.
func loadConfig(ctx context.Context, opt S3Options) (aws.Config, error) {
	load := []func(*config.LoadOptions) error{
		config.WithHTTPClient(httpClient(opt.Timeouts)),
		config.WithLogger(logging.Nop{}), // stderr is the program's
	}
	if opt.Region != "" {
		load = append(load, config.WithRegion(opt.Region))
	}
	if opt.Endpoint != "" {
		load = append(load, config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return cfg, fmt.Errorf("read the AWS settings: %s", oneLine(err.Error()))
	}
	return cfg, nil
}

func newRetryer(t S3Timeouts) aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = s3Attempts
		o.MaxBackoff = t.Backoff
		o.Retryables = append(o.Retryables, retry.RetryableErrorCode{Codes: map[string]struct{}{
			"ConditionalRequestConflict": {}, // another conditional put was under way
			"OperationAborted":           {},
		}})
		o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
			var certificate *tls.CertificateVerificationError
			if errors.As(err, &certificate) {
				return aws.FalseTernary // it will be no better in a second
			}
			return aws.UnknownTernary
		})}, o.Retryables...)
	})
}

// put makes the request, with the ETag as it is, and says how many attempts it
// took. The error is errCondition where the server says that the condition does
// not hold.
func (s *S3) put(ctx context.Context, key string, body []byte, opt PutOptions) (string, int, error) {
	c := s.begin(ctx, "put", key, int64(len(body)))
	defer c.end()
	sum := md5.Sum(body)
	in := &s3.PutObjectInput{
		Bucket:        &s.opt.Bucket,
		Key:           aws.String(s.prefix + key),
		Body:          bytes.NewReader(body),
		ContentLength: aws.Int64(int64(len(body))),
		ContentMD5:    aws.String(base64.StdEncoding.EncodeToString(sum[:])),
		ContentType:   aws.String(contentType(key)),
	}
	if s.opt.SSE != "" {
		in.ServerSideEncryption = types.ServerSideEncryption(s.opt.SSE)
	}
	if s.opt.KMSKeyID != "" {
		in.SSEKMSKeyId = &s.opt.KMSKeyID
	}
	if opt.IfAbsent {
		in.IfNoneMatch = aws.String("*")
	}
	if opt.IfMatch != "" {
		in.IfMatch = &opt.IfMatch
	}
	out, err := s.client.PutObject(c.ctx, in, c.watch)
	if err != nil {
		if (opt.IfAbsent || opt.IfMatch != "") && conditionFailed(err) {
			return "", c.attempts, errCondition
		}
		return "", c.attempts, c.failed(err)
	}
	etag := plainTag(out.ETag)
	if err := notS3(out.ResultMetadata); err != nil || etag == "" {
		return "", c.attempts, c.failed(cmp.Or(err, errNotS3))
	}
	return etag, c.attempts, nil
}

// errCondition is what a server said about a condition, before it was looked into.
var errCondition = errors.New("condition does not hold")

// Get implements [Store]. A body that breaks off is asked for again.
func (s *S3) Get(ctx context.Context, key string) ([]byte, string, error) {
	if err := check(ctx, key); err != nil {
		return nil, "", fmt.Errorf("get: %w", err)
	}
	c := s.begin(ctx, "get", key, 0)
	defer c.end()
	for try := 1; ; try++ {
		out, err := s.client.GetObject(c.ctx, &s3.GetObjectInput{Bucket: &s.opt.Bucket, Key: aws.String(s.prefix + key)}, c.watch)
		if err != nil {
			if isNoSuchKey(err) {
				return nil, "", fmt.Errorf("get %s: %w", key, ErrNotFound)
			}
			return nil, "", c.failed(err)
		}
		if err := notS3(out.ResultMetadata); err != nil {
			out.Body.Close()
			return nil, "", c.failed(err)
		}
		body, err := c.read(out, maxSize(key))
		if err == nil && aws.ToString(out.ContentType) != contentType(key) {
			if err := notJSON(key, body); err != nil {
				return nil, "", c.failed(err)
			}
		}
		if err == nil {
			return body, plainTag(out.ETag), nil
		}
		if errors.Is(err, ErrTooLarge) {
			return nil, "", fmt.Errorf("get %s: %w", key, err)
		}
		if c.last = err; try == s3Attempts || s.pause(c.ctx, try, err) != nil {
			return nil, "", c.failed(err)
		}
	}
}

// Look tells of an object without its body. What a HEAD cannot say, which has no words for what
// went wrong, a Get says.
func (s *S3) Look(ctx context.Context, key string) (Object, error) {
	if err := check(ctx, key); err != nil {
		return Object{}, fmt.Errorf("look at %s: %w", key, err)
	}
	c := s.begin(ctx, "get", key, 0)
	defer c.end()
	out, err := s.client.HeadObject(c.ctx, &s3.HeadObjectInput{Bucket: &s.opt.Bucket, Key: aws.String(s.prefix + key)}, c.watch)
	if err == nil && notS3(out.ResultMetadata) == nil && plainTag(out.ETag) != "" {
		return Object{Key: key, Size: aws.ToInt64(out.ContentLength), ETag: plainTag(out.ETag), ModTime: aws.ToTime(out.LastModified).UTC()}, nil
	}
	body, etag, err := s.Get(ctx, key)
	if err != nil {
		return Object{}, err
	}
	return Object{Key: key, Size: int64(len(body)), ETag: etag}, nil
}

// read reads an object's body, and gives the call the time that its size needs.
func (c *call) read(out *s3.GetObjectOutput, most int) ([]byte, error) {
	defer out.Body.Close()
	size := aws.ToInt64(out.ContentLength)
	if size > int64(most) {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, size)
	}
	c.allow(size)
	var b bytes.Buffer
	b.Grow(int(min(max(size, 0), maxReserve)) + bytes.MinRead)
	if _, err := b.ReadFrom(io.LimitReader(out.Body, int64(most)+1)); err != nil {
		return nil, err
	}
	if b.Len() > most {
		return nil, ErrTooLarge
	}
	if out.ContentLength != nil && int64(b.Len()) != size {
		return nil, fmt.Errorf("%w: got %d of %d bytes", io.ErrUnexpectedEOF, b.Len(), size)
	}
	return b.Bytes(), nil
}

// pause waits before the next attempt.
func (s *S3) pause(ctx context.Context, try int, err error) error {
	delay, err := s.retryer.RetryDelay(try, err)
	if err != nil {
		return err
	}
	select {
	case <-time.After(delay):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Delete implements [Store].
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := check(ctx, key); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	c := s.begin(ctx, "delete", key, 0)
	defer c.end()
	out, err := s.client.DeleteObject(c.ctx, &s3.DeleteObjectInput{Bucket: &s.opt.Bucket, Key: aws.String(s.prefix + key)}, c.watch)
	switch {
	case err != nil && !isNoSuchKey(err):
		return c.failed(err)
	case err == nil && notS3(out.ResultMetadata) != nil:
		return c.failed(notS3(out.ResultMetadata))
	}
	return nil
}

// contentType is what a browser and a query engine should take the object for.
// Bodies are never compressed under a .json key: query engines go by the key.
func contentType(key string) string {
	switch {
	case strings.HasSuffix(key, ".json"):
		return "application/json"
	case strings.HasSuffix(key, ".html"):
		return "text/html; charset=utf-8"
	case strings.HasSuffix(key, ".zst"):
		return "application/zstd"
	case strings.HasSuffix(key, ".parquet"):
		return "application/vnd.apache.parquet"
	}
	return "application/octet-stream"
}

// beginsKey reports whether a valid key can begin with prefix.
func beginsKey(prefix string) bool {
	parts := strings.Split(prefix, "/")
	return !slices.ContainsFunc(parts[:len(parts)-1], func(part string) bool { return !goodPart(part) }) &&
		(parts[len(parts)-1] == "" || goodPart(parts[len(parts)-1]+"a"))
}
