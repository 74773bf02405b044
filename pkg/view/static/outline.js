import { el, oneLine } from "./dom.js";
import { count, money, short, spaced } from "./words.js";
import { Stream } from "./stream.js";

// Outline is the session in a line for each turn and each agent.
export class Outline {
  constructor(select) {
    this.select = select;
    this.items = [];
    this.scroller = el("div", { class: "outline-list" });
    this.node = el("nav", { class: "outline", "aria-label": "Turns and agents" }, this.scroller);
    this.stream = new Stream(this.scroller, { estimate: (r) => (this.items[r].turn ? 56 : 36), render: (r) => this.render(r) });
  }

  show(head) {
    this.items = [];
    const agents = head.lanes.map((lane, n) => ({ lane, n, i: lane.event })).slice(1).sort((a, b) => a.i - b.i);
    const depth = (n) => (n > 0 ? 1 + depth(head.lanes[n].parent) : 0);
    let a = 0;
    head.turns.forEach((turn, t) => {
      this.items.push({ turn, t, i: turn.event });
      const next = t + 1 < head.turns.length ? head.turns[t + 1].event : Infinity;
      for (; a < agents.length && agents[a].i < next; a++) this.items.push(Object.assign(agents[a], { depth: Math.min(depth(agents[a].n), 6) }));
    });
    this.stream.reset(this.items.length);
  }

  // mark shows where a reader is.
  mark(i, lane, head) {
    let at = -1;
    this.items.forEach((item, r) => {
      if (lane > 0 ? item.n === lane : item.turn && item.i <= i) at = r;
    });
    if (at === this.at) return;
    this.at = at;
    for (const [r, node] of this.stream.shown) {
      node.classList.toggle("here", r === at);
      if (r === at) node.setAttribute("aria-current", "true");
      else node.removeAttribute("aria-current");
    }
    if (at >= 0) this.stream.show(at, true);
  }

  render(r) {
    const item = this.items[r], here = r === this.at;
    const go = () => this.select(item.i);
    if (item.turn) {
      const t = item.turn;
      return el("button", { type: "button", class: "turn" + (here ? " here" : ""), "aria-current": here ? "true" : null, onclick: go },
        el("span", { class: "turn-title" }, oneLine(t.title) || "(no words)"),
        el("span", { class: "turn-facts" }, [t.cost, count(t.tools, "tool"), t.agents ? count(t.agents, "agent") : "", t.context ? "ctx\u00a0" + short(t.context) : ""].filter(Boolean).join(" \u00b7 "),
          t.errors > 0 && el("span", { class: "bad" }, " " + count(t.errors, "error")),
          (t.signals || []).map((k) => el("span", { class: "warn" }, " " + spaced(k)))));
    }
    const l = item.lane;
    return el("button", { type: "button", class: "agent-line lane-" + (((item.n - 1) % 8) + 1) + (here ? " here" : "") + (l.failed ? " failed" : ""), "data-depth": item.depth,
      "aria-current": here ? "true" : null, onclick: go },
      el("span", { class: "turn-title" }, oneLine(l.what) || l.name), el("span", { class: "turn-facts" }, [l.what ? l.name : "", money(l.cost_usd)].filter(Boolean).join(" \u00b7 ")));
  }
}
