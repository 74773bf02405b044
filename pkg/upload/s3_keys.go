package upload

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// brokenKeyError says that a key holds a line break or another control character. The key itself is not said.
type brokenKeyError struct{ name, source string }

func (e *brokenKeyError) Error() string {
	return fmt.Sprintf("%s has a line break or another control character in it (from %s)", e.name, e.source)
}

// checkCharacters refuses keys that no server ever gave out: what a line break, from a file that was read as a
// whole, does to a request is told by net/http as a fault of a header, and by servers as a wrong signature.
func checkCharacters(cred aws.Credentials) error {
	for _, key := range []struct{ name, value string }{
		{"AWS_ACCESS_KEY_ID", cred.AccessKeyID}, {"AWS_SECRET_ACCESS_KEY", cred.SecretAccessKey}, {"AWS_SESSION_TOKEN", cred.SessionToken},
	} {
		if strings.ContainsFunc(key.value, unicode.IsControl) {
			return &brokenKeyError{key.name, cred.Source}
		}
	}
	return nil
}
