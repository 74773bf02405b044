import { clean, el, fill, markText, oneLine, problemView } from "./dom.js";
import { count, money, moment, span } from "./words.js";
import { blockSize } from "./source.js";
import { Spans, kinds } from "./spans.js";
import { Rows } from "./rows.js";
import { Stream } from "./stream.js";
import { Outline } from "./outline.js";
import { Waterfall } from "./waterfall.js";
import { eventView, runView } from "./event.js";
import { headView } from "./head.js";
import { onKeys, keysDialog, numberDialog, say } from "./keys.js";

// blocksKept is how many slices of events are kept: a reader goes back and forth.
const blocksKept = 24;

// mostPrinted is how many rows are printed: some hundred pages.
const mostPrinted = 2000;

// SessionPage is one session as a story. It knows where its data comes from only by the source.
export class SessionPage {
  constructor(app, source) {
    this.app = app;
    this.source = source;
    this.blocks = new Map(); // block -> events, or the promise of them
    this.opened = new Map(); // index -> an event with longer texts
    this.hideThinking = false;
    this.matches = null;
  }

  async start(at) {
    this.app.setAttribute("aria-busy", "true");
    if (!at) this.load(0).catch(() => {}); // it is seen first, and need not wait for the head
    try {
      const [head, view] = await Promise.all([this.source.head(at), this.source.spans()]);
      this.head = head;
      this.spans = new Spans(view);
    } catch (e) {
      fill(this.app, el("main", { class: "alone" }, problemView(e), el("p", {}, el("a", { href: "/" }, "The list of sessions"))));
      return;
    } finally {
      this.app.removeAttribute("aria-busy");
    }
    document.title = clean(oneLine(this.head.title)).slice(0, 100) + " \u00b7 AMS";
    this.rows = new Rows(this.spans, this.head.lanes);
    this.layOut();
    this.stopKeys = onKeys(this.keys());
    addEventListener("beforeprint", () => this.putOnPaper());
    addEventListener("afterprint", () => this.takeOffPaper());
    addEventListener("keydown", (e) => {
      if (e.key !== "p" || !(e.ctrlKey || e.metaKey) || e.shiftKey || e.altKey) return;
      e.preventDefault();
      this.print();
    });
    this.stopWatching = this.head.live ? this.source.watch((kind) => this.changed(kind)) : null;
    if (this.head.at !== undefined) this.select(this.head.at);
    document.documentElement.dataset.ready = "session";
  }

  layOut() {
    this.outline = new Outline((i) => { this.node.classList.remove("with-outline"); this.select(i); });
    this.waterfall = new Waterfall({ select: (i) => this.select(i), name: (i) => this.nameOf(i) });
    this.scroller = el("div", { class: "story", role: "feed", "aria-label": "Events", tabindex: "0" });
    this.stream = new Stream(this.scroller, { estimate: (r) => this.estimate(r), render: (r) => this.render(r), changed: (a, b) => this.seen(a, b) });
    this.findBox = el("input", { type: "search", placeholder: "Find in this session", "aria-label": "Find in this session", onkeydown: (e) => {
      if (e.key === "Enter") this.find(e.target.value);
    }, onsearch: (e) => { if (!e.target.value) this.find(""); } });
    this.findCount = el("span", { class: "find-count", role: "status" });
    this.bar = el("header", { class: "bar" });
    this.fillBar();
    this.node = el("div", { class: "session" }, this.bar, this.waterfall.node, this.outline.node, el("main", { class: "story-box" }, this.scroller));
    fill(this.app, this.node);
    this.outline.show(this.head);
    this.waterfall.show(this.spans, this.head.lanes);
    this.stream.reset(this.rows.list.length);
  }

  fillBar() {
    const h = this.head;
    fill(this.bar,
      this.head.exports && el("a", { href: "/", class: "home", title: "The list of sessions (l)" }, "\u2190 Sessions"),
      el("button", { type: "button", class: "outline-button", "aria-label": "Turns and agents", onclick: () => this.node.classList.toggle("with-outline") }, "\u2630"),
      el("h1", { title: oneLine(h.title) }, oneLine(h.title)),
      el("span", { class: "outcome " + h.outcome }, h.outcome),
      el("span", { class: "bar-facts" }, [moment(h.start), span(h.ms), money(h.cost_usd), count(h.events, "event")].join(" \u00b7 ")),
      el("span", { class: "find" }, this.findBox, this.findCount),
      h.exports && el("details", { class: "menu" }, el("summary", {}, "Export"),
        el("div", { class: "menu-list" }, h.exports.map((x) => el("a", { href: "/export/" + h.name + "." + x.suffix, download: "" }, x.name)),
          el("button", { type: "button", onclick: () => this.print() }, "Print"))),
      el("button", { type: "button", class: "plain", title: "Keys (?)", "aria-label": "Keys", onclick: () => keysDialog(this.keys()) }, "?"));
  }

  estimate(r) {
    const row = this.rows.list[r];
    if (row.kind === "head") return 180;
    if (row.kind === "run") return 30;
    return 26 + Math.min(this.spans.lines[row.i], 24) * 17;
  }

  render(r) {
    const row = this.rows.list[r];
    if (row.kind === "head") return headView(this);
    const node = row.kind === "run" ? runView(this, row, (i) => this.get(i)) : eventView(this, row, this.opened.get(row.i) || this.get(row.i));
    node.style.setProperty("--depth", Math.min(row.depth, 8));
    node.setAttribute("aria-posinset", r + 1);
    node.setAttribute("aria-setsize", this.rows.list.length);
    if (this.needle) markText(node, this.needle);
    return node;
  }

  // get is an event, if it is there; else it is asked for, and what shows it is shown anew when it comes.
  get(i) {
    const block = Math.floor(i / blockSize), has = this.blocks.get(block);
    if (Array.isArray(has)) return has[i % blockSize];
    if (!has) this.load(block).catch(() => {});
    return null;
  }

  load(block) {
    const has = this.blocks.get(block);
    if (has) return Promise.resolve(has);
    const asked = this.source.events(block).then((answer) => {
      if (this.blocks.get(block) !== asked) return [];
      this.blocks.set(block, answer.events);
      this.forget();
      for (const r of this.stream ? [...this.stream.shown.keys()] : []) {
        const row = this.rows.list[r];
        const inBlock = (i) => Math.floor(i / blockSize) === block;
        if (row && (row.kind === "run" ? row.events.some(inBlock) : row.kind === "event" && inBlock(row.i))) this.stream.again(r);
      }
      return answer.events;
    }).catch((e) => {
      this.blocks.delete(block);
      if (this.stream) say(e.error || "The events cannot be had.");
      throw e;
    });
    this.blocks.set(block, asked);
    return asked;
  }

  forget() {
    for (const key of this.blocks.keys()) {
      if (this.blocks.size <= blocksKept || this.printing) return;
      this.blocks.delete(key);
    }
    while (this.opened.size > 200) this.opened.delete(this.opened.keys().next().value);
  }

  nameOf(i) {
    const e = this.get(i);
    return e ? "#" + e.seq + " " + oneLine(e.label + " " + (e.title || "")).slice(0, 80) : ["Prompt", "Message", "Call of the model", "Tool", "Agent", "Note", "Compaction", "Error"][this.spans.kind[i]];
  }

  // select chooses an event everywhere.
  async select(i, how = {}) {
    if (i < 0 || i >= this.spans.n) return;
    const before = this.selected;
    this.selected = i;
    if (this.rows.reveal(i)) this.rebuilt();
    const r = this.rows.rowOf[i];
    for (const k of [...this.stream.shown.keys()]) {
      const row = this.rows.list[k];
      if (k === r || (row && row.kind !== "head" && this.rows.rowOf[before] === k)) this.stream.again(k);
    }
    if (how.scroll !== false) this.stream.show(r, how.near);
    const node = this.stream.shown.get(r);
    if (node && how.focus !== false) node.focus({ preventScroll: true });
    this.waterfall.select(i);
    this.outline.mark(i, this.rows.laneAt.get(i) || this.spans.lane[i], this.head);
    const id = await this.idOf(i);
    if (id && this.selected === i) this.address(id);
  }

  async idOf(i) {
    try {
      return (await this.load(Math.floor(i / blockSize)))[i % blockSize].id;
    } catch (e) {
      return null;
    }
  }

  address(id) {
    if (!this.head.exports) return; // a file has none
    const url = new URL(location.href);
    url.searchParams.set("e", id);
    history.replaceState(null, "", url.pathname + url.search);
  }

  // rebuilt is told that there are other rows now; what is read stays where it is.
  rebuilt(keep) {
    const at = keep || this.read;
    const focused = this.stream.reset(this.rows.list.length, at && { was: at.r, is: Math.max(this.rows.rowOf[at.i], 0) });
    const node = focused && this.stream.shown.get(this.rows.rowOf[this.selected]);
    if (node) node.focus({ preventScroll: true });
  }

  toggle(row) {
    const r = this.rows.list.indexOf(row);
    if (this.rows.toggle(row)) this.rebuilt({ r, i: row.i });
  }

  async openTexts(i) {
    if (this.opened.has(i)) this.opened.delete(i);
    else {
      try {
        this.opened.set(i, await this.source.event(i));
      } catch (e) {
        return say(e.error || "The text cannot be had.");
      }
    }
    this.stream.again(this.rows.rowOf[i]);
  }

  // seen is told which rows are shown.
  seen(first) {
    const top = this.scroller.scrollTop;
    for (let r = first; r < this.rows.list.length && r < first + 40; r++) {
      if (this.rows.list[r].kind === "head" || this.stream.heights.sum(r + 1) <= top) continue;
      this.read = { r, i: this.rows.list[r].i };
      if (this.selected === undefined) this.outline.mark(this.read.i, 0, this.head);
      return;
    }
  }

  // step goes to the next row that fits, seen from what is chosen.
  step(by, fits) {
    const list = this.rows.list;
    let r = this.selected === undefined ? (by > 0 ? 0 : list.length) : this.rows.rowOf[this.selected];
    for (r += by; r > 0 && r < list.length; r += by) if (!fits || fits(list[r])) return this.select(list[r].i, { near: !fits });
    say(by > 0 ? "That was the last one." : "That was the first one.");
  }

  // jump goes to the next event that fits, whatever hides it.
  jump(by, fits, what) {
    for (let i = (this.selected === undefined ? (by > 0 ? -1 : this.spans.n) : this.selected) + by; i >= 0 && i < this.spans.n; i += by) if (fits(i)) return this.select(i);
    say("No " + (by > 0 ? "further " : "earlier ") + what + ".");
  }

  async find(text) {
    this.needle = text.trim();
    this.matches = null;
    fill(this.findCount, "");
    if (this.needle) {
      try {
        const answer = await this.source.find(this.needle);
        const seen = new Set();
        this.matches = answer.places.map((p) => p.i).filter((i) => !seen.has(i) && seen.add(i)).sort((a, b) => a - b);
        fill(this.findCount, this.matches.length ? "" : "Not found");
      } catch (e) {
        fill(this.findCount, e.error || "That cannot be looked for");
      }
    }
    for (const r of [...this.stream.shown.keys()]) this.stream.again(r);
    if (this.matches && this.matches.length) this.nextMatch(1, true);
  }

  nextMatch(by, here) {
    const m = this.matches;
    if (!m || !m.length) return this.findBox.focus();
    const from = this.selected === undefined ? -1 : this.selected;
    let k = by > 0 ? m.findIndex((i) => (here ? i >= from : i > from)) : m.findLastIndex((i) => i < from);
    if (k < 0) k = by > 0 ? 0 : m.length - 1;
    fill(this.findCount, k + 1 + " of " + m.length);
    if (document.activeElement === this.findBox) this.findBox.blur();
    const row = this.rows.list[this.rows.rowOf[m[k]]];
    if (row && row.kind === "run") this.toggle(row);
    this.select(m[k]);
  }

  up() {
    if (this.selected === undefined) return;
    const lane = this.head.lanes[this.spans.lane[this.selected]];
    if (lane && lane.event >= 0) return this.select(lane.event);
    this.jump(-1, (i) => this.spans.kind[i] === kinds.prompt && this.spans.lane[i] === 0, "prompt");
  }

  keys() {
    const s = this.spans, prompt = (i) => s.kind[i] === kinds.prompt && s.lane[i] === 0;
    return {
      "/": ["find in this session", () => { this.findBox.focus(); this.findBox.select(); }],
      j: ["next event", () => this.step(1)],
      k: ["event before", () => this.step(-1)],
      J: ["next turn", () => this.jump(1, prompt, "turn")],
      K: ["turn before", () => this.jump(-1, prompt, "turn")],
      n: ["next place of what was found", () => this.nextMatch(1)],
      N: ["place before", () => this.nextMatch(-1)],
      x: ["next failure", () => this.jump(1, (i) => s.failed(i), "failure")],
      X: ["failure before", () => this.jump(-1, (i) => s.failed(i), "failure")],
      a: ["next agent", () => this.jump(1, (i) => s.kind[i] === kinds.agent, "agent")],
      u: ["up: to the agent's card, or the turn's prompt", () => this.up()],
      e: ["open or close what is chosen", () => this.openChosen()],
      E: ["open or close all agents and runs", () => { this.allOpen = !this.allOpen; this.rows.all(this.allOpen); this.rebuilt(); }],
      t: ["show or hide thinking", () => { this.hideThinking = !this.hideThinking; for (const r of [...this.stream.shown.keys()]) this.stream.again(r); say(this.hideThinking ? "Thinking is hidden." : "Thinking is shown."); }],
      p: ["prose alone, or everything", () => { this.rows.only = this.rows.only ? "" : "prose"; this.rows.build(); this.rebuilt(); say(this.rows.only ? "Prose alone." : "Everything."); }],
      c: ["copy the address of the event", () => this.copy()],
      g: ["go to a number", () => numberDialog((n) => this.goTo(n))],
      l: ["back to the list", () => { if (this.head.exports) location.href = "/"; }],
      "?": ["these keys", () => keysDialog(this.keys())],
    };
  }

  openChosen() {
    if (this.selected === undefined) return;
    const row = this.rows.list[this.rows.rowOf[this.selected]];
    if (row.kind === "run" || this.rows.laneAt.get(row.i)) return this.toggle(row);
    this.openTexts(this.selected);
  }

  async copy() {
    try {
      await navigator.clipboard.writeText(location.href);
      say("The address is copied.");
    } catch (e) {
      say("The browser does not let it be copied; the address bar has it.");
    }
  }

  // goTo finds an event by its number: numbers go up, and some are left out.
  async goTo(n) {
    let lo = 0, hi = this.spans.n - 1;
    while (lo < hi) {
      const mid = (lo + hi) >> 1, e = (await this.load(Math.floor(mid / blockSize)))[mid % blockSize];
      if (e.seq < Number(n)) lo = mid + 1;
      else hi = mid;
    }
    this.select(lo);
  }

  // changed is told that the session has grown, is over, or is gone.
  async changed(kind) {
    if (kind === "gone") return say("The session was removed from the store. What you see is what was there.");
    try {
      const [head, view] = await Promise.all([this.source.head(), this.source.spans()]);
      if (head.version === this.head.version) return;
      const known = this.spans.n, r = this.selected === undefined ? -1 : this.rows.rowOf[this.selected];
      const keep = this.stream.inView(r) ? { r, i: this.selected } : undefined;
      const follow = this.stream.atEnd && (!keep || r === this.rows.list.length - 1); // else what is chosen and seen stays
      this.head = head;
      this.spans = new Spans(view);
      this.blocks.clear();
      this.opened.clear();
      this.rows.spans = this.spans;
      this.rows.update(this.spans, head.lanes);
      this.fillBar();
      this.outline.show(head);
      this.waterfall.show(this.spans, head.lanes);
      this.rebuilt(keep);
      if (follow) this.stream.show(this.rows.list.length - 1);
      if (this.spans.n > known) say(count(this.spans.n - known, "new event"));
    } catch (e) {
      say(e.error || "What is new cannot be had.");
    }
  }

  // print puts every row on paper, as far as a printer can take them, and reads what it lacks of them before.
  async print() {
    this.printing = true; // nothing is forgotten
    try {
      for (const row of this.onPaper()) if (row.kind !== "head") await this.load(Math.floor(row.i / blockSize));
    } catch (e) {
      return this.takeOffPaper(); // load said why
    }
    this.putOnPaper();
    window.print();
  }

  onPaper() {
    return this.rows.list.slice(0, mostPrinted);
  }

  // putOnPaper makes what is printed of what is there: where a browser prints by itself, nothing can be waited for.
  putOnPaper() {
    if (this.paper) return;
    const h = this.head, list = this.onPaper();
    const known = list.map((row, r) => r).filter((r) => list[r].kind === "head" || Array.isArray(this.blocks.get(Math.floor(list[r].i / blockSize))));
    this.paper = el("div", { class: "printed" }, el("h1", {}, oneLine(h.title)),
      el("p", { class: "dim" }, [h.outcome, moment(h.start), span(h.ms), money(h.cost_usd), count(h.events, "event")].join(" \u00b7 ")));
    this.paper.append(...known.map((r) => this.render(r)));
    if (known.length < this.rows.list.length) {
      this.paper.append(el("p", {}, count(known.length, "row") + " of " + this.rows.list.length + "." + (known.length < list.length ? " Ctrl-P on the page reads the others first." : "")));
    }
    document.body.append(this.paper);
    document.body.classList.add("printing");
  }

  takeOffPaper() {
    if (this.paper) this.paper.remove();
    this.paper = null;
    this.printing = false;
    document.body.classList.remove("printing");
  }
}
