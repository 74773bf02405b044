package upload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Link implements [Linker] by a presigned GetObject. The address holds the id of the key that it is
// signed with and never the secret one.
func (s *S3) Link(ctx context.Context, key string, life time.Duration) (string, time.Time, error) {
	if err := check(ctx, key); err != nil {
		return "", time.Time{}, fmt.Errorf("link: %w", err)
	}
	if life <= 0 || life > MaxShare {
		return "", time.Time{}, fmt.Errorf("link to %s: for %v, want at most %v", key, life, MaxShare)
	}
	c := s.begin(ctx, "link", key, 0)
	defer c.end()
	credentials, err := s.secrets.Retrieve(c.ctx)
	if err != nil {
		return "", time.Time{}, c.failed(err)
	}
	until := time.Now().Add(life)
	if credentials.CanExpire && credentials.Expires.Before(until) {
		until = credentials.Expires
	}
	in := &s3.GetObjectInput{Bucket: &s.opt.Bucket, Key: aws.String(s.prefix + key)}
	signed, err := s3.NewPresignClient(s.client).PresignGetObject(c.ctx, in, s3.WithPresignExpires(life))
	if err != nil {
		return "", time.Time{}, c.failed(err)
	}
	if signed.URL == "" {
		return "", time.Time{}, c.failed(errors.New("no address was signed"))
	}
	return signed.URL, until, nil
}
