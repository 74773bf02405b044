import { el, fill } from "./dom.js";

// The search box: what is typed and, below it, each of its parts as a chip that can be taken away.
export class SearchBox {
  // on(text) is called when somebody has typed, or taken a chip away.
  constructor(on, label) {
    this.on = on;
    this.input = el("input", { type: "search", id: "search", placeholder: "Words, \"phrases\", project:shop, cost:>5, after:7d, -tool:Bash \u2026", "aria-label": label,
      spellcheck: "false", autocomplete: "off", onkeydown: (e) => { if (e.key === "Enter") this.now(); }, oninput: () => this.soon(), onsearch: () => this.now() });
    this.chips = el("ul", { class: "chips", "aria-label": "What is looked for" });
    this.node = el("div", { class: "search", role: "search" }, this.input, this.chips);
  }

  // soon waits until nobody types: a search of texts reads whole sessions.
  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), 350);
  }

  now() {
    clearTimeout(this.timer);
    const text = this.input.value.trim();
    if (text !== this.last) {
      this.last = text;
      this.on(text);
    }
  }

  set(text) {
    if (document.activeElement !== this.input || this.last !== text) this.input.value = text;
    this.last = text;
  }

  // show shows the parts; empties are those without which there would be something.
  show(terms, empties) {
    this.terms = terms;
    fill(this.chips, terms.map((term, n) => el("li", { class: "chip" + (empties && empties.includes(n) ? " empties" : "") }, el("span", {}, term),
      el("button", { type: "button", "aria-label": "Take away " + term, onclick: () => this.without(n) }, "\u00d7"))));
  }

  without(n) {
    this.go(this.terms.filter((_, k) => k !== n).join(" "));
  }

  // toggle adds a part, or takes it away.
  toggle(term) {
    const terms = this.terms || [];
    this.go(terms.includes(term) ? terms.filter((t) => t !== term).join(" ") : [...terms, term].join(" "));
  }

  go(text) {
    this.input.value = text;
    this.now();
  }
}
