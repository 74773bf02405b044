import { el, fill, oneLine, problemView } from "./dom.js";
import { count, money, moment, short, span, spaced, whole } from "./words.js";
import { ask } from "./source.js";
import { SearchBox } from "./search.js";
import { Stream } from "./stream.js";
import { onKeys, keysDialog } from "./keys.js";

const pageSize = 100, lookAgain = 10000;

const columns = [
  { name: "start", head: "Started", cls: "c-start" },
  { name: "title", head: "Title", cls: "c-title" },
  { name: "", head: "Project", cls: "c-project" },
  { name: "", head: "Outcome", cls: "c-outcome" },
  { name: "duration", head: "Time", cls: "c-num c-time" },
  { name: "cost", head: "Cost", cls: "c-num" },
  { name: "tokens", head: "Tokens", cls: "c-num c-tokens" },
  { name: "tools", head: "Tools", cls: "c-num c-tools" },
  { name: "errors", head: "Err", cls: "c-num c-err" },
];

// ListPage is the list of sessions. Its state is the address.
export class ListPage {
  constructor(app) {
    this.app = app;
    this.box = new SearchBox((text) => this.go({ q: text }), "Search sessions");
    this.status = el("p", { class: "status", role: "status" });
    this.notes = el("div", { class: "notes" });
    this.facets = el("aside", { class: "facets", "aria-label": "Filters" });
    this.headRow = el("div", { role: "row", class: "list-row list-head" });
    this.scroller = el("div", { class: "list-scroller", tabindex: "0", "aria-label": "Sessions", role: "table" }, el("div", { role: "rowgroup", class: "list-heads" }, this.headRow));
    this.table = el("div", { class: "list" }, this.scroller);
    this.empty = el("div", { class: "empty" });
    this.stream = new Stream(this.scroller, { estimate: (r) => this.estimate(r), render: (r) => this.render(r), changed: (a, b) => this.need(a, b) });
    this.stream.box.setAttribute("role", "rowgroup");
    fill(app, el("div", { class: "list-page" },
      el("header", { class: "bar" }, el("a", { href: "/", class: "brand" }, "AMS"), el("h1", { class: "sr" }, "Sessions"), this.box.node,
        el("button", { type: "button", class: "facet-button", onclick: () => document.body.classList.toggle("with-facets") }, "Filters"),
        (this.reportLink = el("a", { href: "/report" }, "Report")),
        el("button", { type: "button", class: "plain", title: "Keys (?)", "aria-label": "Keys", onclick: () => keysDialog(this.keys()) }, "?")),
      this.facets, el("main", { class: "list-main" }, this.status, this.notes, this.empty, this.table)));
    onKeys(this.keys());
    addEventListener("popstate", () => this.load());
    setInterval(() => { if (!document.hidden && this.done) this.load(true); }, lookAgain);
    this.load();
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

  address(from, n) {
    const q = this.query, out = new URLSearchParams();
    for (const name of ["q", "sort"]) if (q.get(name)) out.set(name, q.get(name));
    out.set("from", from);
    out.set("n", n);
    return "/api/list?" + out;
  }

  // load asks for the beginning of the list. quiet: nobody asked for it, so that nothing moves.
  async load(quiet) {
    const q = this.query, turn = (this.turn = (this.turn || 0) + 1);
    if (this.asking) this.asking.abort();
    this.asking = new AbortController();
    this.box.set(q.get("q") || "");
    this.reportLink.href = "/report" + (q.get("q") ? "?" + new URLSearchParams({ q: q.get("q") }) : "");
    if (!quiet) this.table.setAttribute("aria-busy", "true");
    try {
      const answer = await ask(this.address(0, pageSize), this.asking.signal);
      if (turn !== this.turn) return;
      this.show(answer, quiet);
    } catch (e) {
      if (e.name === "AbortError" || turn !== this.turn || quiet) return;
      fill(this.empty, problemView(e));
      this.table.classList.toggle("stale", true);
      document.documentElement.dataset.ready = "list";
    } finally {
      this.table.removeAttribute("aria-busy");
    }
  }

  show(answer, quiet) {
    const same = quiet && this.answer && answer.found === this.answer.found && answer.done;
    if (!same || !this.rows) this.rows = [];
    if (!quiet) this.chosen = undefined;
    this.table.classList.remove("stale");
    answer.rows.forEach((row, k) => { this.rows[k] = row; });
    this.answer = answer;
    this.done = answer.done;
    this.box.show(answer.terms, answer.empties);
    this.showHead();
    this.showStatus();
    this.showFacets(answer.facets || []);
    this.showEmpty();
    const top = quiet ? this.scroller.scrollTop : 0;
    this.stream.reset(answer.found);
    this.scroller.scrollTop = top;
    this.scroller.setAttribute("aria-rowcount", answer.found + 1);
    if (!answer.done && answer.found < pageSize) this.more();
    document.documentElement.dataset.ready = "list";
  }

  // more goes on with a search of texts.
  async more() {
    if (this.going || this.done) return;
    this.going = true;
    const turn = this.turn;
    try {
      const answer = await ask(this.address(this.rows.length, pageSize), this.asking.signal);
      if (turn !== this.turn) return;
      answer.rows.forEach((row, k) => { this.rows[answer.from + k] = row; });
      Object.assign(this.answer, { found: answer.found, looked: answer.looked, totals: answer.totals, done: answer.done, notes: answer.notes, empties: answer.empties });
      this.done = answer.done;
      this.showStatus();
      this.showEmpty();
      this.box.show(answer.terms, answer.empties);
      const top = this.scroller.scrollTop;
      this.stream.reset(answer.found);
      this.scroller.scrollTop = top;
    } catch (e) {
      if (turn === this.turn) this.done = true;
      return;
    } finally {
      this.going = false;
    }
    if (!this.done && this.rows.length < pageSize) this.more();
  }

  // need asks for rows that are seen and not there.
  async need(from, to) {
    if (!this.answer) return;
    if (!this.done && to >= this.answer.found - 20 && this.answer.found >= pageSize) this.more();
    let first = from;
    while (first < to && this.rows[first]) first++;
    if (first >= to || this.asked === first) return;
    this.asked = first;
    const turn = this.turn;
    try {
      const answer = await ask(this.address(Math.max(first - 20, 0), pageSize), this.asking.signal);
      if (turn !== this.turn) return;
      answer.rows.forEach((row, k) => { this.rows[answer.from + k] = row; });
      for (const r of [...this.stream.shown.keys()]) this.stream.again(r);
    } catch (e) {
      if (e.name !== "AbortError") fill(this.empty, problemView(e));
    } finally {
      this.asked = -1;
    }
  }

  estimate(r) {
    const row = this.rows[r], narrow = this.scroller.clientWidth < 700;
    return (narrow ? 54 : 31) + (row && row.spots ? 22 : 0);
  }

  render(r) {
    const row = this.rows[r];
    if (!row) return el("div", { role: "row", class: "list-row waiting", "aria-rowindex": r + 2 }, el("span", { role: "cell" }, "\u2026"));
    const cell = (cls, ...children) => el("span", { role: "cell", class: cls }, ...children);
    const spot = (row.spots || [])[0];
    return el("div", { role: "row", class: "list-row" + (r === this.chosen ? " chosen" : ""), "aria-rowindex": r + 2, onclick: (e) => {
      if (!e.target.closest("a")) location.href = this.link(row);
    } },
      cell("c-start", moment(row.start)),
      cell("c-title", row.signals && el("span", { class: "warn", title: row.signals.map(spaced).join(", ") }, "! "),
        el("a", { href: this.link(row), tabindex: r === (this.chosen || 0) ? "0" : "-1" }, oneLine(row.title) || row.name),
        row.agents > 0 && el("span", { class: "dim" }, " " + count(row.agents, "agent"))),
      cell("c-project", row.project), cell("c-outcome", el("span", { class: "outcome " + row.outcome }, row.outcome), row.unstored && el("span", { class: "dim" }, " not stored")),
      cell("c-num c-time", span(row.ms)), cell("c-num", money(row.cost_usd)), cell("c-num c-tokens", short(row.tokens)), cell("c-num c-tools", whole(row.tools)),
      cell("c-num c-err" + (row.errors ? " bad" : ""), row.errors ? whole(row.errors) : ""),
      spot && cell("spot", el("span", { class: "dim" }, (spot.seq ? "#" + spot.seq + " " : "") + spot.what + "  "), spotText(spot.before, true), el("mark", {}, oneLine(spot.match)), spotText(spot.after),
        spot.more > 0 && el("span", { class: "dim" }, "  and " + (spot.many ? "more places" : count(spot.more, "more place")))));
  }

  link(row) {
    const seq = row.spots && row.spots[0] && row.spots[0].seq;
    return "/s/" + encodeURIComponent(row.name) + (seq ? "?e=" + seq : "");
  }

  showHead() {
    const sort = this.query.get("sort") || "start", by = sort.replace(/^-/, ""), back = sort.startsWith("-");
    fill(this.headRow, columns.map((c) => {
      const is = c.name && c.name === by;
      return el("span", { role: "columnheader", class: c.cls, "aria-sort": is ? (back ? "ascending" : "descending") : null },
        c.name ? el("button", { type: "button", onclick: () => this.go({ sort: is && !back ? "-" + c.name : c.name === "start" ? "" : c.name }) }, c.head, is ? (back ? " \u25b4" : " \u25be") : "") : c.head);
    }));
  }

  showStatus() {
    const a = this.answer, t = a.totals;
    const looking = a.among !== undefined && !a.done ? ", " + whole(a.looked || 0) + " of " + whole(a.among) + " looked through" : "";
    fill(this.status, el("b", {}, count(t.sessions, "session")), a.terms.length ? " of " + whole(a.total) : "", looking,
      t.sessions > 0 && [" \u00b7 ", el("b", {}, money(t.cost_usd)), t.unpriced ? " and " + whole(t.unpriced) + " without a price" : "", " \u00b7 ", short(t.in), " in, ", short(t.out), " out \u00b7 ",
        span(t.active_ms), " active \u00b7 ", count(t.tools, "tool call"), t.errors ? " \u00b7 " + count(t.errors, "error") : ""]);
    fill(this.notes, (a.notes || []).map((n) => el("p", {}, n)));
  }

  showEmpty() {
    const a = this.answer;
    this.table.classList.toggle("none", a.found === 0);
    if (a.found > 0) return fill(this.empty);
    if (!a.done) return fill(this.empty, el("p", {}, "Looking\u2026"));
    if (a.total === 0) {
      return fill(this.empty, el("h2", {}, "No session is stored yet"), el("p", {}, command("run"), " stores what was recorded, ", command("import"), " what was not."),
        el("p", {}, command("doctor"), " says whether recording works; ", command("demo"), " shows what it would look like."));
    }
    const some = (a.empties || []).map((n) => [" ", el("button", { type: "button", onclick: () => this.box.without(n) }, "Take away " + a.terms[n])]);
    fill(this.empty, el("h2", {}, "None of " + count(a.total, "session") + " fits"),
      some.length ? el("p", {}, some.length === 1 ? "This part alone leaves nothing:" : "Without any one of these there would be some:", some) : el("p", {}, "No single part is the reason. Take away some."));
  }

  showFacets(facets) {
    fill(this.facets, facets.map((f) => el("section", {}, el("h2", {}, f.key), el("ul", {}, f.values.map((v) => {
      const on = this.answer.terms.includes(v.term);
      return el("li", {}, el("button", { type: "button", "aria-pressed": String(on), title: v.value, onclick: () => this.box.toggle(v.term) },
        el("span", { class: "facet-value" }, f.key === "signal" ? spaced(v.value) : v.value), el("span", { class: "facet-n" }, whole(v.n))));
    }), f.more > 0 && el("li", { class: "dim" }, "and " + whole(f.more) + " more")))));
  }

  step(by) {
    if (!this.answer || !this.answer.found) return;
    const before = this.chosen;
    this.chosen = Math.min(Math.max(before === undefined ? 0 : before + by, 0), this.answer.found - 1);
    this.stream.show(this.chosen, true);
    for (const r of [before, this.chosen, 0]) if (r !== undefined) this.stream.again(r);
    const node = this.stream.shown.get(this.chosen), link = node && node.querySelector("a");
    if (link) link.focus({ preventScroll: true });
  }

  keys() {
    return {
      "/": ["search", () => { this.box.input.focus(); this.box.input.select(); }],
      j: ["next session", () => this.step(1)],
      k: ["session before", () => this.step(-1)],
      Enter: ["open the session", (e) => { const row = this.rows && this.rows[this.chosen]; if (row) location.href = this.link(row); else if (e.target.click) e.target.click(); }],
      x: ["sessions with errors alone, or all", () => this.box.toggle("has:errors")],
      "?": ["these keys", () => keysDialog(this.keys())],
    };
  }
}

const command = (name) => el("code", {}, "ams-assemble " + name);

function spotText(text, end) {
  const t = oneLine(text);
  return (end && t ? "\u2026" + t.slice(-80) + (/\s$/.test(text) ? " " : "") : (/^\s/.test(text) ? " " : "") + t.slice(0, 160));
}
