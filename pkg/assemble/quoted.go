package assemble

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"ams/pkg/lax"
	"ams/pkg/schema"
)

// withoutQuotes is a tool's result, or what stands for it where it quotes recorded sessions. The mark
// tells, whatever the server and its tool are called; no result but an MCP server's is taken for one,
// as a command that prints the mark could else keep its output out of the record.
func withoutQuotes(name string, result schema.Raw) schema.Raw {
	if !strings.HasPrefix(name, "mcp__") || !bytes.Contains(result, []byte(schema.QuoteMark)) {
		return result
	}
	sum := sha256.Sum256(result)
	b, err := lax.Line(schema.Quoted{
		LeftOut: "text of recorded sessions, read with " + name, Bytes: len(result), SHA256: hex.EncodeToString(sum[:])})
	if err != nil {
		return result
	}
	return b
}
