import { el, fill, problemView } from "./dom.js";
import { count, money, short, span, whole } from "./words.js";
import { ask } from "./source.js";
import { SearchBox } from "./search.js";
import { onKeys, keysDialog } from "./keys.js";

const measures = {
  cost_usd: ["Cost", money], sessions: ["Sessions", whole], tokens: ["Tokens", short], calls: ["Calls of models", whole],
  tools: ["Tool calls", whole], errors: ["Errors", whole], active_ms: ["Active time", span], asked_usd: ["Cost of asking", money],
};

// rowsShown bounds a report on a page.
const rowsShown = 400;

// ReportPage sums sessions up: a bar for each day, model, project. Each is a link to its sessions.
export class ReportPage {
  constructor(app) {
    this.box = new SearchBox((text) => this.go({ q: text }), "Which sessions are summed up");
    this.body = el("div", { class: "report-body" });
    this.choices = el("div", { class: "choices" });
    fill(app, el("div", { class: "report-page" }, el("header", { class: "bar" }, el("a", { href: "/", class: "home", title: "The list of sessions (l)" }, "\u2190 Sessions"), el("h1", {}, "Report"), this.box.node,
      el("button", { type: "button", class: "plain", title: "Keys (?)", "aria-label": "Keys", onclick: () => keysDialog(this.keys()) }, "?")),
      el("main", { class: "report-main" }, this.choices, this.body)));
    onKeys(this.keys());
    addEventListener("popstate", () => this.load());
    this.load();
  }

  keys() {
    return {
      "/": ["search", () => this.box.input.focus()],
      l: ["back to the list", () => { location.href = "/" + (this.query.get("q") ? "?" + new URLSearchParams({ q: this.query.get("q") }) : ""); }],
      "?": ["these keys", () => keysDialog(this.keys())],
    };
  }

  get query() {
    return new URLSearchParams(location.search);
  }

  go(change) {
    const q = this.query;
    for (const [name, value] of Object.entries(change)) {
      if (value) q.set(name, value);
      else q.delete(name);
    }
    history.pushState(null, "", location.pathname + (String(q) ? "?" + q : ""));
    this.load();
  }

  async load() {
    const q = this.query, turn = (this.turn = (this.turn || 0) + 1);
    const by = q.get("by") || "day", ask_ = new URLSearchParams({ by });
    if (q.get("q")) ask_.set("q", q.get("q"));
    this.box.set(q.get("q") || "");
    this.body.setAttribute("aria-busy", "true");
    const slow = setTimeout(() => { if (turn === this.turn) fill(this.body, el("p", { class: "dim" }, "Reading sessions\u2026")); }, 400);
    try {
      const answer = await ask("/api/report?" + ask_);
      if (turn !== this.turn) return;
      this.box.show(answer.terms);
      this.show(answer);
    } catch (e) {
      if (turn === this.turn) fill(this.body, problemView(e));
    } finally {
      clearTimeout(slow);
      this.body.removeAttribute("aria-busy");
      document.documentElement.dataset.ready = "report";
    }
  }

  show(a) {
    this.showChoices(a);
    const name = this.measure(a), [head, words] = measures[name];
    const value = (row) => Math.max(row[name] || 0, 0);
    const most = Math.max(...a.rows.filter((row) => row.search).map(value), 0) || Math.max(...a.rows.map(value), 0) || 1; // what is in no call would dwarf the days
    const overTime = a.by.length === 1 && ["day", "week", "month"].includes(a.by[0]);
    const rows = a.rows.slice(0, rowsShown);
    fill(this.body,
      el("p", { class: "status" }, el("b", {}, count(a.sessions, "session")), " \u00b7 ", el("b", {}, money(a.total.cost_usd)), a.total.unpriced ? " and " + whole(a.total.unpriced) + " without a price" : "",
        " \u00b7 ", short(a.total.tokens), " tokens \u00b7 ", count(a.total.tools, "tool call"), a.overlaps ? " \u00b7 a session may be in several rows" : "", a.by.includes("day") ? " \u00b7 days of calls, in UTC" : ""),
      (a.notes || []).map((n) => el("p", { class: "notes" }, n)),
      a.rows.length === 0 && el("p", { class: "empty" }, "There is nothing to sum up."),
      overTime && a.rows.length > 1 && this.columns(a, value, words, most),
      a.rows.length > 0 && this.table(a, rows, head, value, words, most),
      a.rows.length > rows.length && el("p", { class: "dim" }, whole(a.rows.length - rows.length) + " more rows; ams-assemble report has them all."));
  }

  // measure is what the bars show. Of what a tool cost, only the asking is known.
  measure(a) {
    const of = this.query.get("of");
    if (measures[of]) return of;
    return ["cost_usd", "asked_usd", "sessions"].find((name) => a.rows.some((row) => row[name])) || "cost_usd";
  }

  showChoices(a) {
    const [one, two] = (this.query.get("by") || "day").split(",");
    const choose = (id, label, value, options, change) => el("label", { for: id }, label + " ", el("select", { id, onchange: (e) => change(e.target.value) },
      options.map(([v, text]) => el("option", { value: v, selected: v === value }, text))));
    const dims = a.by_all.map((d) => [d, d]);
    fill(this.choices, choose("by1", "By", one, dims, (v) => this.go({ by: two && two !== v ? v + "," + two : v })),
      choose("by2", "and", two || "", [["", "nothing else"], ...dims.filter(([d]) => d !== one)], (v) => this.go({ by: v ? one + "," + v : one })),
      choose("of", "show", this.measure(a), Object.entries(measures).map(([k, [text]]) => [k, text]), (v) => this.go({ of: v })));
  }

  // columns are bars that stand side by side, the time from left to right.
  columns(a, value, words, most) {
    const rows = spread(a.rows.filter((row) => /^\d/.test(row.keys[0])), a.by[0]);
    if (!rows.length) return null;
    const chart = el("div", { class: "chart" }, el("div", { class: "columns", role: "list", "aria-label": "Over time" }, rows.map((row) => {
      const bar = el("span", { class: "column-bar" });
      bar.style.height = Math.max((value(row) / most) * 100, value(row) > 0 ? 1.5 : 0) + "%";
      const text = row.keys[0] + ": " + words(value(row));
      return el("div", { role: "listitem", class: "column" }, row.search ? el("a", { href: link(row), title: text, "aria-label": text }, bar) : null);
    })), el("div", { class: "ends", "aria-hidden": "true" }, [rows[0].keys[0], "highest " + words(most), rows[rows.length - 1].keys[0]].map((text) => el("span", {}, text))));
    chart.style.maxWidth = Math.min(Math.max(rows.length * 36, 300), 1100) + "px"; // a few bars need not be as wide as the page
    return chart;
  }

  table(a, rows, head, value, words, most) {
    const figures = [["Sessions", "sessions", whole], ["Cost", "cost_usd", money], ["Tokens", "tokens", short], ["Tools", "tools", whole], ["Errors", "errors", whole], ["Asking cost", "asked_usd", money],
      ["p50", "p50_ms", span], ["p95", "p95_ms", span]].filter(([, of]) => a.rows.some((row) => row[of])); // a row by day knows no tools, one by tool no tokens
    return el("table", { class: "report-table" },
      el("thead", {}, el("tr", {}, a.by.map((d) => el("th", { scope: "col" }, d)), el("th", { scope: "col", class: "bar-cell" }, head), figures.map(([h]) => el("th", { scope: "col", class: "num" }, h)))),
      el("tbody", {}, rows.map((row) => {
        const bar = el("span", { class: "bar-fill", "aria-hidden": "true" });
        bar.style.width = Math.min(value(row) / most, 1) * 100 + "%";
        const figure = el("span", { class: "bar-text" }, words(value(row)));
        return el("tr", {}, row.keys.map((k) => el("td", { class: "key" }, row.search ? el("a", { href: link(row) }, k) : k)),
          el("td", { class: "bar-cell" }, row.search ? el("a", { href: link(row), class: "bar-link", "aria-label": row.keys.join(", ") + ": " + words(value(row)) }, bar, figure) : el("span", { class: "bar-link" }, bar, figure)),
          figures.map(([, of, said]) => el("td", { class: "num" + (of === "errors" && row[of] ? " bad" : "") }, row[of] ? said(row[of]) : "")));
      })));
  }
}

// daysMost bounds how many days a chart has: of more, those with nothing are left out, as a column would be less than a pixel.
const daysMost = 400;

// spread puts days on which there was nothing between the others, so that a distance is a time.
function spread(rows, by) {
  const day = 86400000, first = Date.parse(rows[0] && rows[0].keys[0]), last = Date.parse(rows.length && rows[rows.length - 1].keys[0]);
  if (by !== "day" || !((last - first) / day < daysMost)) return rows;
  const known = new Map(rows.map((row) => [row.keys[0], row])), out = [];
  for (let at = first; at <= last; at += day) {
    const key = new Date(at).toISOString().slice(0, 10);
    out.push(known.get(key) || { keys: [key] });
  }
  return out;
}

function link(row) {
  return "/?" + new URLSearchParams({ q: row.search });
}
