package upload

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// ShiftClock makes the store sign as a machine would whose clock is wrong by d.
// If told is set, the server's dates look from there as they would: wrong by -d.
func (s *S3) ShiftClock(d time.Duration, told bool) {
	options := s.client.Options()
	options.AuthSchemes = nil // they hold the signer; New makes them again
	options.HTTPSignerV4 = shiftedSigner{options.HTTPSignerV4, d}
	if told {
		options.HTTPClient = shiftedDates{options.HTTPClient, d}
	}
	s.client = s3.New(options)
}

type shiftedSigner struct {
	s3.HTTPSignerV4
	d time.Duration
}

func (s shiftedSigner) SignHTTP(ctx context.Context, cred aws.Credentials, r *http.Request, payloadHash, service, region string,
	at time.Time, optFns ...func(*v4.SignerOptions)) error {
	return s.HTTPSignerV4.SignHTTP(ctx, cred, r, payloadHash, service, region, at.Add(s.d), optFns...)
}

type shiftedDates struct {
	s3.HTTPClient
	d time.Duration
}

func (s shiftedDates) Do(r *http.Request) (*http.Response, error) {
	response, err := s.HTTPClient.Do(r)
	if err == nil {
		if at, err := http.ParseTime(response.Header.Get("Date")); err == nil {
			response.Header.Set("Date", at.Add(-s.d).UTC().Format(http.TimeFormat))
		}
	}
	return response, err
}
