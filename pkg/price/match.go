package price

import (
	"regexp"
	"strings"
)

// maxModelID bounds what is taken for a model id. The longest real ones,
// Bedrock's profile ARNs, have about 120 bytes.
const maxModelID = 512

// spelling is what a model id of a call says beyond the model's name.
type spelling struct {
	row      int  // in Table.rows
	regional bool // a Bedrock endpoint that costs more than list price
	fast     bool // a gateway's "-fast" id
}

var (
	// claudeID is everything that a Claude model has been called with its version:
	// claude-opus-4-5, claude-opus-4.5, claude-3-7-sonnet, claude-4-opus.
	claudeID = regexp.MustCompile(`^claude-(?:([a-z]+)-(\d{1,2})(?:[.-](\d{1,2}))?|(\d{1,2})(?:[.-](\d{1,2}))?-([a-z]+))((?:[-@:].*)?)$`)
	// bedrockID: region, then the rest.
	bedrockID = regexp.MustCompile(`^(?:([a-z-]+)\.)?anthropic\.(claude-.*)$`)
	// trailer is what may follow the version without making it another model: a
	// speed, a snapshot date or Vertex's default, Bedrock's revision and context size.
	trailer = regexp.MustCompile(`^(-fast)?(?:-latest|-v\d{1,3}@\d{8}|[-@]\d{8}|@default|@latest)?(?:-v\d{1,3}(?::\d{1,3})?)?(?::\d{1,4}k)?(?:[-:](?:thinking|beta))?$`)
)

// Match returns the table's id for a model as a transcript, a provider or a
// gateway spells it. It looks for, in this order:
//
//  1. the spelling itself, without regard to case, so that a user's row for one
//     gateway's or one ARN's name wins;
//  2. the spelling without path ("anthropic/", an ARN up to its last "/"), "~",
//     "[1m]" and a date, for rows of models that are not Claude's;
//  3. a Claude model with a version: Bedrock's region and "anthropic." taken off,
//     dots in versions as hyphens, family and version in either order, then
//     nothing but a date, a revision or another known ending.
//
// ok is false for everything else: other vendors' models, versions that the
// table does not hold (claude-opus-5-7 is not priced as claude-opus-5),
// application inference profiles (their model is not in the name), aliases
// without a version (opus, sonnet, haiku, fable, best, opusplan, default,
// claude-fable-latest: what they stood for depends on the day, plan and
// provider; transcripts hold the resolved model), and "<synthetic>", which is
// the client's mark for lines that no model wrote.
func (t *Table) Match(model string) (id string, ok bool) {
	sp, ok := t.lookup(model)
	if !ok {
		return "", false
	}
	return t.rows[sp.row].ID, true
}

func (t *Table) lookup(model string) (spelling, bool) {
	if len(model) > maxModelID {
		return spelling{}, false
	}
	name := strings.ToLower(strings.TrimSpace(model))
	if name == "" || name[0] == '<' {
		return spelling{}, false
	}
	if row, ok := t.index[name]; ok {
		return spelling{row: row}, true
	}
	if strings.Contains(name, "application-inference-profile") {
		return spelling{}, false
	}
	name = name[strings.LastIndexByte(name, '/')+1:]
	name = strings.TrimPrefix(name, "~")
	name = strings.TrimSuffix(strings.TrimSuffix(name, "[1m]"), "[2m]") // a larger window has no price of its own
	for _, plain := range [2]string{name, withoutDate(name)} {
		if row, ok := t.index[plain]; ok {
			return spelling{row: row}, true
		}
	}
	return t.lookupClaude(name)
}

// withoutDate cuts "-20251101" or "@20251101" off the end. It is written out
// because nearly every call of a transcript comes through here.
func withoutDate(name string) string {
	const date = len("-20251101")
	if len(name) <= date {
		return name
	}
	tail := name[len(name)-date:]
	if tail[0] != '-' && tail[0] != '@' {
		return name
	}
	for _, c := range tail[1:] {
		if c < '0' || c > '9' {
			return name
		}
	}
	return name[:len(name)-date]
}

// lookupClaude is step 3 of [Table.Match].
func (t *Table) lookupClaude(name string) (spelling, bool) {
	var sp spelling
	if m := bedrockID.FindStringSubmatch(name); m != nil {
		var known bool
		if sp.regional, known = bedrockRegion(m[1]); !known {
			return spelling{}, false
		}
		name = m[2]
	}
	m := claudeID.FindStringSubmatch(name)
	if m == nil {
		return spelling{}, false
	}
	family, major, minor := m[1], m[2], m[3]
	if family == "" {
		family, major, minor = m[6], m[4], m[5]
	}
	end := trailer.FindStringSubmatch(m[7])
	if end == nil {
		return spelling{}, false
	}
	sp.fast = end[1] != ""
	version := major
	if minor != "" {
		version += "-" + minor
	}
	for _, id := range claudeNames(family, version, minor) {
		if row, ok := t.index[id]; ok {
			sp.row = row
			return sp, true
		}
	}
	return spelling{}, false
}

// claudeNames are the ids under which a table may hold a model. Opus 4 and
// Sonnet 4 are written with and without the zero.
func claudeNames(family, version, minor string) []string {
	names := []string{"claude-" + family + "-" + version, "claude-" + version + "-" + family}
	switch minor {
	case "":
		names = append(names, "claude-"+family+"-"+version+"-0")
	case "0":
		version = strings.TrimSuffix(version, "-0")
		names = append(names, "claude-"+family+"-"+version, "claude-"+version+"-"+family)
	}
	return names
}

// bedrockRegion says whether an inference profile's region costs the regional
// surcharge, and whether it is one that we know. models.dev lists us. and
// global. at list price and eu. ten per cent above it. For us-gov. no price was
// found; it is taken at list price.
func bedrockRegion(region string) (regional, known bool) {
	switch region {
	case "", "us", "us-gov", "global":
		return false, true
	case "eu", "apac", "jp", "au":
		return true, true
	}
	return false, false
}
