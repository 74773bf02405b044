import { el, oneLine } from "./dom.js";
import { count, money, span } from "./words.js";
import { kinds, flags } from "./spans.js";
import { partView } from "./parts.js";

// One event of the story, and one folded run, as nodes.

const kindNames = ["prompt", "message", "quiet", "tool", "agent", "note", "compaction", "error"];

// eventView shows an event. data is null until its texts are there.
export function eventView(page, row, data) {
  const { spans } = page, i = row.i;
  const node = shell(page, row, kindNames[spans.kind[i]]);
  if (spans.failed(i)) node.classList.add("failed");
  if (spans.has(i, flags.open) && spans.kind[i] === kinds.tool) node.classList.add("open-end");
  const body = el("div", { class: "body" });
  node.append(gutter(page, i, data), body);
  if (!data) {
    body.append(el("div", { class: "waiting", "aria-hidden": "true" }));
    return node;
  }
  node.setAttribute("aria-label", "#" + data.seq + " " + oneLine(data.label + " " + (data.title || "")).slice(0, 120));
  body.append(headLine(data.agent ? Object.assign({}, data, { facts: [] }) : data));
  const open = page.opened.has(i);
  const how = (k) => ({ open, k, paper: Boolean(page.paper), whole: (k) => page.source.whole(i, k), more: () => page.openTexts(i) });
  if (data.agent) {
    body.classList.add("lane-" + laneColour(data.agent.lane));
    body.append(cardView(page, row, data, how));
    return node;
  }
  if (spans.kind[i] === kinds.quiet) return node;
  (data.parts || []).forEach((part, k) => {
    if (part.kind === "thinking" && page.hideThinking) return;
    body.append(partView(part, how(k)));
  });
  return node;
}

function shell(page, row, kind) {
  const chosen = page.selected !== undefined && (row.kind === "run" ? row.events.includes(page.selected) : row.i === page.selected);
  return el("article", {
    class: "event " + kind + " lane-" + laneColour(row.lane) + (chosen ? " chosen" : ""), tabindex: chosen ? "0" : "-1",
    style: null, "data-depth": row.depth, "aria-current": chosen ? "true" : null, onclick: (e) => {
      if (!e.target.closest("button, a, input") && !String(getSelection())) page.select(row.i, { scroll: false });
    },
  });
}

// laneColour is the number of the colour of a lane: the main thread has its own.
export function laneColour(lane) {
  return lane === 0 ? 0 : ((lane - 1) % 8) + 1;
}

function gutter(page, i, data) {
  return el("div", { class: "gutter" }, el("span", {}, data ? "#" + data.seq : ""), el("span", { class: "since" }, "+" + span(page.spans.start[i])));
}

function headLine(data) {
  const facts = (data.facts || []).slice();
  const cost = facts.length && /^\$|^cost not known/.test(facts[facts.length - 1]) ? facts.pop() : "";
  return el("div", { class: "line" },
    el("b", { class: "label" }, labels[data.label] || data.label),
    data.title && el("span", { class: "title" }, oneLine(data.title)),
    data.verdict && el("span", { class: "verdict" }, data.verdict),
    facts.length > 0 && el("span", { class: "facts" }, facts.join(" \u00b7 ")),
    cost && el("span", { class: "cost" }, cost));
}

const labels = { PROMPT: "Prompt", CLAUDE: "Claude", SUBAGENT: "Agent", COMPACTION: "Compaction", ERROR: "Error", NOTE: "Note", CLIENT: "Client" };

// cardView is what is told of an agent before one reads what it did.
function cardView(page, row, data, how) {
  const lane = page.head.lanes[data.agent.lane] || {}, open = page.rows.open.has(data.agent.lane);
  const events = (page.rows.byLane[data.agent.lane] || []).length;
  const box = el("div", { class: "card" });
  const figures = el("dl", { class: "figures" }, figure("own cost", money(data.agent.cost_usd)));
  if (data.agent.below) figures.append(figure("with " + count(data.agent.below, "agent") + " below", money(data.agent.below_usd)));
  const tokens = (data.facts || []).find((f) => / in, .* out$/.test(f));
  if (tokens) figures.append(figure("tokens", tokens));
  figures.append(figure("calls", lane.calls || 0), figure("tools", lane.tools || 0), figure("time", span(page.spans.length[row.i])));
  box.append(figures);
  (data.parts || []).forEach((part, k) => {
    if (part.kind === "thinking" && part.name !== "why" && page.hideThinking) return;
    box.append(partView(part, Object.assign(how(k), { most: 5 })));
  });
  box.append(el("p", { class: "actions" },
    el("button", { type: "button", "aria-expanded": String(open), onclick: () => page.toggle(row) }, (open ? "Close its " : "Read its ") + count(events, "event")),
    data.agent.asked >= 0 && el("button", { type: "button", class: "plain link", onclick: () => page.select(data.agent.asked) }, "The call that started it")));
  return box;
}

function figure(name, value) {
  return el("div", {}, el("dt", {}, name), el("dd", {}, String(value)));
}

// runView is a run of ordinary calls in one line.
export function runView(page, row, get) {
  const node = shell(page, row, "run");
  const names = new Map();
  let known = true, ms = 0, calls = 0;
  for (const i of row.events) {
    if (page.spans.kind[i] !== kinds.tool) continue;
    calls++;
    ms += page.spans.length[i];
    const data = get(i);
    if (!data) known = false;
    const name = data ? data.label : ["", "read", "edit", "shell", "agent", "MCP", "other"][page.spans.cls[i]];
    names.set(name, (names.get(name) || 0) + 1);
  }
  const text = [...names].map(([name, n]) => name + (n > 1 ? " " + n + "\u00d7" : "")).join(", ");
  const first = get(row.events[0]), last = get(row.events[row.events.length - 1]);
  node.setAttribute("aria-label", count(calls, "ordinary call"));
  node.append(gutter(page, row.i, first), el("div", { class: "body" }, el("div", { class: "line" },
    el("button", { type: "button", class: "fold", "aria-expanded": "false", onclick: () => page.toggle(row) },
      text || count(row.events.length, "message")),
    el("span", { class: "facts" }, [first && last ? "#" + first.seq + "\u2013" + last.seq : "", calls ? span(ms) : ""].filter(Boolean).join(" \u00b7 ")))));
  if (!known) node.classList.add("partly");
  return node;
}
