package schema

import _ "embed" // the published schemas

//go:embed session-1.2.schema.json
var sessionSchema string

//go:embed index-1.2.schema.json
var indexSchema string

// SessionSchema returns the JSON Schema (draft 2020-12) that describes what [Encode] writes. It allows no field that it
// does not describe, so that a field nobody described is found by a test; a reader of later 1.x objects must not insist.
func SessionSchema() []byte { return []byte(sessionSchema) }

// IndexSchema returns the JSON Schema (draft 2020-12) that describes what [EncodeSummary] writes, as strictly.
func IndexSchema() []byte { return []byte(indexSchema) }
