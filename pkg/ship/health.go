package ship

import (
	"errors"
	"net/http"

	"ams/pkg/upload"
)

// health is what the sessions so far say of the store: whether it is worth while to try the others.
type health struct {
	dead bool
	down int // failures of the server in a row
}

// downInRow is from how many failures in a row a server counts as down that answers: some objects
// alone may be too much for it, or not for us, and must not keep the others back at every run.
const downInRow = 10

// note takes what became of one session.
func (h *health) note(err error) {
	var s3 *upload.S3Error
	var command *upload.ExecError
	switch {
	case errors.As(err, &command), errors.As(err, &s3) && (s3.Status >= http.StatusInternalServerError || s3.Status == http.StatusForbidden):
		h.down++
	default:
		h.down = 0
	}
	h.dead = h.dead || h.down == downInRow || isDead(err)
}

// isDead reports whether a store's error would meet every other session as well: no answer, one
// that no bucket gives, or keys that it does not take.
func isDead(err error) bool {
	var command *upload.ExecError
	if errors.As(err, &command) {
		return command.Dead
	}
	var s3 *upload.S3Error
	if !errors.As(err, &s3) {
		return false
	}
	switch s3.Code {
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket", "ExpiredToken", "RequestTimeTooSkewed":
		return true
	}
	return s3.Status == 0 || s3.Status == http.StatusUnauthorized
}
