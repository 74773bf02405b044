package table

import (
	"bytes"
	"errors"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// oldPart is a sessions part of a program that knew few columns.
func oldPart(t *testing.T) []byte {
	t.Helper()
	type old struct {
		SessionID string `parquet:"session_id"`
		Part      string `parquet:"part"`
		Rev       int64  `parquet:"rev"`
		Name      string `parquet:"name"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[old](&b, parquet.KeyValueMetadata(metaTable, sessions), parquet.KeyValueMetadata(metaVersion, "1"))
	_, err := w.Write([]old{{"a", "part", 3, "a"}})
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
