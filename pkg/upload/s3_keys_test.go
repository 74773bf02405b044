package upload_test

import (
	"strings"
	"testing"

	"ams/pkg/upload"
)

// TestS3NamesTheKeyThatIsBroken sets keys with a line break each, as files that were read as a whole leave them.
func TestS3NamesTheKeyThatIsBroken(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		for _, value := range []string{"made-up\n", "made-up\r", "made\nup", "made-up\x7f"} {
			setAWS(t, testKey, testSecret)
			t.Setenv(name, value)
			f := &fake{}
			s := openS3(t, upload.S3Options{Endpoint: f.start(t)})
			each(t, s, func(act string, err error) {
				wantError(t, err, name+" has a line break", "set "+name+" without it")
				if strings.Contains(err.Error(), "made") {
					t.Errorf("%s: the key is in %q", act, err)
				}
			})
			if len(f.requests) != 0 {
				t.Errorf("%s=%q: the server was asked %d times", name, value, len(f.requests))
			}
		}
	}
}
