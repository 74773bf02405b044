import { el } from "./dom.js";
import { money, span, spaced } from "./words.js";

// headView is the first row of a story: what deserves a look, what the session is and cost, what its record lacks.
export function headView(page) {
  const h = page.head;
  return el("article", { class: "top", "aria-label": "About this session", tabindex: "-1" },
    h.signals.length > 0 && el("section", { class: "signals" }, el("h2", {}, "Worth a look"),
      el("ul", {}, h.signals.map((s) => el("li", {},
        el("b", { class: "warn" }, spaced(s.kind)), " ", s.text,
        (s.cost_usd != null || s.ms != null) && el("span", { class: "dim" }, " " + [s.cost_usd != null ? money(s.cost_usd) : "", s.ms != null ? span(s.ms) : ""].filter(Boolean).join(", ")),
        s.events.slice(0, 8).map((i, k) => [" ", el("button", { type: "button", class: "ref", onclick: () => page.select(i) }, "#" + s.seqs[k])]))))),
    factsView(h.facts.filter((f) => first.includes(f.name) || f.alarm)),
    el("details", { class: "tables" }, el("summary", {}, "More: client, tokens, and costs by tool, model, agent and file"),
      factsView([...h.facts.filter((f) => !first.includes(f.name) && !f.alarm), { name: "session", text: h.id }]), h.tables.map(tableView)));
}

// first are the facts that everybody wants to know; missing is what the record lacks.
const first = ["outcome", "time", "project", "work", "cost", "missing"];

function factsView(facts) {
  return el("dl", { class: "facts-list" }, facts.map((f) => [el("dt", {}, f.name), el("dd", { class: f.alarm ? "bad" : "" }, f.text)]));
}

function tableView(t) {
  const cell = (tag) => (c, n) => el(tag, { class: n ? "num" : "", scope: tag === "th" ? "col" : null }, c);
  return el("table", {}, el("thead", {}, el("tr", {}, t.head.map(cell("th")))), el("tbody", {}, t.rows.map((r) => el("tr", {}, r.map(cell("td"))))));
}
