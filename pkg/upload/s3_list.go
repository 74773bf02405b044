package upload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// List implements [Store]. It asks for a page when fn has taken the one before.
func (s *S3) List(ctx context.Context, prefix string, fn func(Object) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("list %q: %w", prefix, err)
	}
	if !beginsKey(prefix) {
		return nil // no key does, and some servers refuse to be asked
	}
	in := &s3.ListObjectsV2Input{Bucket: &s.opt.Bucket, Prefix: aws.String(s.prefix + prefix)}
	last := ""
	for {
		page, err := s.listPage(ctx, prefix, in)
		if err != nil {
			return err
		}
		if last, err = s.tellPage(ctx, prefix, page, last, fn); err != nil {
			return err
		}
		if !aws.ToBool(page.IsTruncated) {
			return nil
		}
		if err := s.nextPage(prefix, page, in); err != nil {
			return err
		}
	}
}

// tellPage tells the objects of a page. last is the last one of the pages before.
func (s *S3) tellPage(ctx context.Context, prefix string, page *s3.ListObjectsV2Output, last string, fn func(Object) error) (string, error) {
	for _, o := range page.Contents {
		full := aws.ToString(o.Key)
		key, ours := strings.CutPrefix(full, s.prefix)
		if !ours || !strings.HasPrefix(key, prefix) || CheckKey(key) != nil {
			continue // a folder's marker, or not put by a Store
		}
		if key <= last { // a server that repeats a page would be asked for ever
			return last, fmt.Errorf("list %q in bucket %s: the server lists %s after %s", prefix, s.opt.Bucket, key, last)
		}
		last = key
		if err := ctx.Err(); err != nil {
			return last, fmt.Errorf("list %q: %w", prefix, err)
		}
		if err := fn(Object{Key: key, Size: aws.ToInt64(o.Size), ETag: plainTag(o.ETag), ModTime: aws.ToTime(o.LastModified).UTC()}); err != nil {
			return last, err
		}
	}
	return last, nil
}

// nextPage asks for the page after one that is not the last: by its token, and where a server gives
// none, by its last key. A list that can only go on where it was, or that goes on and on with
// nothing, is an error: what came of it is not the whole.
func (s *S3) nextPage(prefix string, page *s3.ListObjectsV2Output, in *s3.ListObjectsV2Input) error {
	if next := aws.ToString(page.NextContinuationToken); next != "" {
		if next == aws.ToString(in.ContinuationToken) {
			return fmt.Errorf("list %q in bucket %s: the server gives one page again and again", prefix, s.opt.Bucket)
		}
		in.ContinuationToken, in.StartAfter = &next, nil
		return nil
	}
	if len(page.Contents) == 0 {
		return fmt.Errorf("list %q in bucket %s: the server cuts the list short and does not say where it goes on", prefix, s.opt.Bucket)
	}
	after := aws.ToString(page.Contents[len(page.Contents)-1].Key)
	if after <= aws.ToString(in.StartAfter) {
		return fmt.Errorf("list %q in bucket %s: the server gives one page again and again", prefix, s.opt.Bucket)
	}
	in.ContinuationToken, in.StartAfter = nil, &after
	return nil
}

// maxPage bounds the answer to a list: a page has at most 1,000 keys of 1,024 bytes, which are six times as long
// where all is escaped.
const maxPage = 16 << 20

var errLongPage = errors.New("the answer is longer than any page of a list")

// pageBody is an answer of which left bytes are read.
type pageBody struct {
	io.ReadCloser
	left int
}

func (b *pageBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errLongPage
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// bounded ends the reading of an answer that is longer than any page.
func bounded(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
		return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("amsMaxPage",
			func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
				out, meta, err := next.HandleDeserialize(ctx, in)
				if answer, ok := out.RawResponse.(*smithyhttp.Response); ok {
					answer.Body = &pageBody{answer.Body, maxPage}
				}
				return out, meta, err
			}), middleware.After)
	})
}

func (s *S3) listPage(ctx context.Context, prefix string, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
	c := s.begin(ctx, "list", prefix, 0)
	defer c.end()
	page, err := s.client.ListObjectsV2(c.ctx, in, c.watch, bounded)
	if err != nil {
		return nil, c.failed(err)
	}
	if err := notS3(page.ResultMetadata); err != nil || page.Name == nil && page.IsTruncated == nil && page.KeyCount == nil {
		return nil, c.failed(cmp.Or(err, errNotS3))
	}
	return page, nil
}
