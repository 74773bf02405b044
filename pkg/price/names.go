package price

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxDepth of a table: four levels are in use.
const maxDepth = 16

// checkNames refuses an object with the same name twice, of which encoding/json
// would silently take the last: in a price list that is a typing error.
func checkNames(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return checkValue(d, "", 0)
}

func checkValue(d *json.Decoder, path string, depth int) error {
	tok, err := d.Token()
	if errors.Is(err, io.EOF) {
		return errors.New("unexpected end of JSON")
	}
	if err != nil {
		return err
	}
	open, ok := tok.(json.Delim)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return fmt.Errorf("%s: nested deeper than %d levels", path, maxDepth)
	}
	seen := make(map[string]bool)
	for i := 0; d.More(); i++ {
		at := fmt.Sprintf("%s[%d]", path, i+1)
		if open == '{' {
			tok, err := d.Token()
			if err != nil {
				return err
			}
			name, _ := tok.(string) // names are strings, or Token has failed
			at = strings.TrimPrefix(path+"."+name, ".")
			if folded := strings.ToLower(name); seen[folded] { // encoding/json matches names without regard to case
				return fmt.Errorf("%s: stands twice", at)
			} else {
				seen[folded] = true
			}
		}
		if err := checkValue(d, at, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token() // the closing bracket
	return err
}
