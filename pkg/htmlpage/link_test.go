package htmlpage

import (
	"strings"
	"testing"
	"testing/fstest"
)

func files(texts map[string]string) fstest.MapFS {
	out := fstest.MapFS{}
	for name, text := range texts {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func TestLinkMakesOneScript(t *testing.T) {
	got, err := link(files(map[string]string{
		"main.js":  "import { el, fill as put } from \"./dom.js\";\nimport { n } from \"./words.js\";\nimport \"./late.js\";\n\n// import is a word\nput(el(n));",
		"dom.js":   "import { n } from \"./words.js\";\nexport function el(x) {\n  return x;\n}\nexport async function fill() {}\nconst own = 1;",
		"words.js": "export const n = 200;\nexport class Rows {\n}\nexport function* all() {}",
		"late.js":  "document.title = \"x\";",
	}), "main.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"const n = 200;\nclass Rows {\n}\nfunction* all() {}\nreturn { n, Rows, all };", "function el(x) {", "async function fill() {}",
		"return { el, fill };", "const { el, fill: put } = ", "// import is a word"} {
		if strings.Count(got, part) != 1 {
			t.Errorf("%q is there %d times in\n%s", part, strings.Count(got, part), got)
		}
	}
	for _, name := range []string{"m1", "m2", "m3", "m4"} {
		if strings.Count(got, "const "+name+" = (() => {") != 1 {
			t.Errorf("%s is not one module in\n%s", name, got)
		}
	}
	if strings.Contains(got, "export") || strings.Index(got, "// words.js") > strings.Index(got, "// dom.js") {
		t.Errorf("got\n%s", got)
	}
}

func TestLinkRefusesWhatItDoesNotKnow(t *testing.T) {
	for line, want := range map[string]string{
		`import x from "./dom.js";`:            "form that is not known",
		`import * as x from "./dom.js";`:       "form that is not known",
		`import { x } from "/static/dom.js";`:  "form that is not known",
		`import { x } from "./none.js";`:       "none.js",
		`import { x y } from "./dom.js";`:      "form that is not known",
		`import { x } from "./main.js";`:       "circle",
		`import { x } from "./back.js";`:       "circle",
		`export default 1;`:                    "form that is not known",
		`export { x };`:                        "form that is not known",
		`export let x = 1;`:                    "form that is not known",
		`export const { x } = y;`:              "form that is not known",
		`  const x = await import("./dom.js")`: "form that is not known",
		`fetch(import.meta.url)`:               "form that is not known",
	} {
		_, err := link(files(map[string]string{"main.js": line, "dom.js": "export const x = 1;", "back.js": `import { y } from "./main.js";`}), "main.js")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}
