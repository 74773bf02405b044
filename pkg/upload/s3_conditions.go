package upload

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Conditions on servers that have none, or say so
//
// A Put with a condition is one request with If-Match or If-None-Match. What a server may say to
// it, beside yes and no:
//
//  1. 412 to If-Match although the ETag is the object's. Old Ceph takes ETags without quotes only, others with quotes only: both are tried.
//     Where neither is taken, as behind a proxy that rewrites ETags, it has no If-Match.
//  2. 501, 405 or 400: it may have no conditions, or something else may be wrong. A SignatureDoesNotMatch may be of a proxy that takes the
//     header away.
//  3. 412 to If-None-Match where nothing is: see putOnGhost.
//
// That it has none is believed once a probe shows it: beside the object, under a name of its own,
// the same request fails with the condition and not without. It is believed for the life of the S3
// value, which is one run, and for that header alone. From then on a Put looks at the object first
// and puts without the condition. Another writer's Put in between is lost then.

// conditions is what a server was seen to do with conditional puts. Safe for concurrent use.
type conditions struct {
	mu      sync.Mutex // held during a probe: one is enough
	quoted  bool       // it wants ETags in quotes
	match   support
	absence support
}

// support is what is known of one header.
type support int

const (
	unknown  support = iota // nothing said yet that it has none
	honoured                // a probe was answered as it must be
	lacking                 // a probe showed that it has none
)

// of is where what is known of the condition of opt stands. The caller holds mu.
func (c *conditions) of(opt PutOptions) *support {
	if opt.IfAbsent {
		return &c.absence
	}
	return &c.match
}

func (c *conditions) lacks(opt PutOptions) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *c.of(opt) == lacking
}

func (c *conditions) wantsQuotes() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.quoted
}

// Lacks names the conditions that the server was seen to refuse, for a person; empty for none.
func (s *S3) Lacks() []string {
	s.conditions.mu.Lock()
	defer s.conditions.mu.Unlock()
	var names []string
	if s.conditions.match == lacking {
		names = append(names, "If-Match")
	}
	if s.conditions.absence == lacking {
		names = append(names, "If-None-Match")
	}
	return names
}

// Put implements [Store].
func (s *S3) Put(ctx context.Context, key string, body []byte, opt PutOptions) (string, error) {
	if err := checkPut(ctx, key, body, opt); err != nil {
		return "", err
	}
	var etag string
	var err error
	switch {
	case opt == PutOptions{}:
		etag, _, err = s.put(ctx, key, body, opt)
	case s.conditions.lacks(opt):
		etag, err = s.putAfterLook(ctx, key, body, opt)
	default:
		etag, err = s.putIf(ctx, key, body, opt)
	}
	if err == errCondition {
		return "", fmt.Errorf("put %s: %w", key, ErrChanged)
	}
	return etag, err
}

// putIf makes a conditional Put and looks into a no.
func (s *S3) putIf(ctx context.Context, key string, body []byte, opt PutOptions) (string, error) {
	etag, attempts, err := s.put(ctx, key, body, s.spelled(opt, s.conditions.wantsQuotes()))
	switch {
	case err == errCondition:
		return s.refused(ctx, key, body, opt, attempts)
	case mayLackConditions(err) && s.probe(ctx, key, opt):
		return s.putAfterLook(ctx, key, body, opt)
	}
	return etag, err
}

// spelled is opt with its ETag as the server wants it.
func (s *S3) spelled(opt PutOptions, quoted bool) PutOptions {
	if opt.IfMatch != "" && quoted {
		opt.IfMatch = `"` + opt.IfMatch + `"`
	}
	return opt
}

// refused looks into a 412 after so many attempts. It returns errCondition where the condition does not hold.
func (s *S3) refused(ctx context.Context, key string, body []byte, opt PutOptions, attempts int) (string, error) {
	there, thereTag, err := s.Get(ctx, key)
	switch {
	case err == nil && attempts > 1 && bytes.Equal(there, body):
		return thereTag, nil // by an attempt whose answer was lost; the next one met it
	case err == nil && opt.IfMatch != "" && opt.IfMatch == thereTag:
		return s.putMatching(ctx, key, body, opt)
	case errors.Is(err, ErrNotFound) && opt.IfAbsent:
		return s.putOnGhost(ctx, key, body)
	}
	return "", errCondition
}

// putMatching is for an If-Match that was refused although the ETag is the object's.
func (s *S3) putMatching(ctx context.Context, key string, body []byte, opt PutOptions) (string, error) {
	if !s.conditions.wantsQuotes() {
		etag, _, err := s.put(ctx, key, body, s.spelled(opt, true))
		if err == nil {
			s.conditions.mu.Lock()
			s.conditions.quoted = true
			s.conditions.mu.Unlock()
		}
		if err != errCondition {
			return etag, err
		}
	}
	if s.probe(ctx, key, opt) {
		return s.putAfterLook(ctx, key, body, opt)
	}
	return "", errCondition
}

// putAfterLook is a conditional Put on a server without conditions.
func (s *S3) putAfterLook(ctx context.Context, key string, body []byte, opt PutOptions) (string, error) {
	there, err := s.Look(ctx, key)
	absent := errors.Is(err, ErrNotFound)
	switch {
	case err != nil && !absent:
		return "", err
	case opt.IfAbsent && !absent, opt.IfMatch != "" && (absent || there.ETag != opt.IfMatch):
		return "", errCondition
	}
	etag, _, err := s.put(ctx, key, body, PutOptions{})
	return etag, err
}

// mayLackConditions reports whether a conditional Put failed with what servers say that have no conditions.
func mayLackConditions(err error) bool {
	var e *S3Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Status {
	case http.StatusNotImplemented, http.StatusMethodNotAllowed, http.StatusBadRequest:
		return true
	}
	return e.Code == "SignatureDoesNotMatch"
}

// probe reports whether the server has no condition like that of opt, and asks it where that is not known.
func (s *S3) probe(ctx context.Context, key string, opt PutOptions) bool {
	s.conditions.mu.Lock()
	defer s.conditions.mu.Unlock()
	known := s.conditions.of(opt)
	if *known == unknown {
		*known = s.askConditions(ctx, key, opt.IfAbsent)
	}
	return *known == lacking
}

// askConditions puts a probe without a condition, and again with one that holds.
func (s *S3) askConditions(ctx context.Context, key string, absence bool) support {
	folder, _, _ := strings.Cut(key, "/") // policies may be of a folder
	probe, body := path.Join(folder, "probe-"+strings.ToLower(rand.Text())), []byte("{}\n")
	defer s.Delete(ctx, probe)
	if _, _, err := s.put(ctx, probe, body, PutOptions{}); err != nil {
		return unknown // then the condition is not what it minds
	}
	tries := []PutOptions{{IfAbsent: true}}
	if absence {
		probe += "-absent"
		defer s.Delete(ctx, probe)
	} else {
		there, err := s.Look(ctx, probe)
		if err != nil {
			return unknown
		}
		tries = []PutOptions{{IfMatch: there.ETag}, s.spelled(PutOptions{IfMatch: there.ETag}, true)}
	}
	for _, try := range tries {
		switch _, _, err := s.put(ctx, probe, body, try); {
		case err == nil:
			return honoured
		case !mayLackConditions(err) && (absence || err != errCondition):
			return unknown
		}
	}
	return lacking
}

// ghostLooks is how often, and ghostPause how far apart, an object is looked for that a server says
// is there and does not show, before it is taken for one that a crash left half: together longer
// than a server under load takes to show what another writer just sent.
const (
	ghostLooks = 5
	ghostPause = 250 * time.Millisecond
)

// putOnGhost is for a server that says at once that there is an object and that
// there is none. Another writer's is on its way; or it has just been deleted; or
// the server was killed between writing what it knows of the object and the
// object: seen with versitygw, which keeps them in two places where the file
// system has no extended attributes. A session with such a key could never be
// stored. So the last Put, after all looks, has no condition; another machine's
// could come between it and the last Get.
func (s *S3) putOnGhost(ctx context.Context, key string, body []byte) (string, error) {
	for range ghostLooks - 1 {
		select {
		case <-time.After(ghostPause):
		case <-ctx.Done():
			return "", ctx.Err()
		}
		if etag, _, err := s.put(ctx, key, body, PutOptions{IfAbsent: true}); err != errCondition {
			return etag, err
		}
		if _, _, err := s.Get(ctx, key); !errors.Is(err, ErrNotFound) {
			return "", errCondition
		}
	}
	etag, _, err := s.put(ctx, key, body, PutOptions{})
	return etag, err
}

// plainTag is an ETag as the server means it, whatever a proxy made of it on the way: without the
// quotes, without the W/ of those who may change a byte, and without what servers add that
// compress.
func plainTag(etag *string) string {
	t := strings.Trim(strings.TrimPrefix(aws.ToString(etag), "W/"), `"`)
	for _, added := range []string{"--gzip", "-gzip", ";gzip", "-br", "-zstd"} {
		if plain, ok := strings.CutSuffix(t, added); ok {
			return strings.Trim(plain, `"`)
		}
	}
	return t
}
