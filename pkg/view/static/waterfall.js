import { el, oneLine } from "./dom.js";
import { span, money } from "./words.js";
import { kinds, flags } from "./spans.js";
import { TimeMap } from "./timemap.js";

// Waterfall draws when everything ran: a lane for each agent; waiting for approval hatched, execution solid, calls of
// the model in another shade, failures with an edge. It is a picture: the list of events says all of it, too.

const laneHeight = 18, axisHeight = 18, barHeight = 10, tallest = 12000;

export class Waterfall {
  // on: select(i), lane(i, selected)
  constructor(on) {
    this.on = on;
    this.canvas = el("canvas", { tabindex: "0", role: "img", onkeydown: (e) => this.key(e) });
    this.tip = el("div", { class: "tip", "aria-hidden": "true" });
    this.names = el("div", { class: "lane-names" });
    this.holder = el("div", { class: "lanes" }, this.names, el("div", { class: "canvas-box" }, this.canvas));
    this.node = el("section", { class: "waterfall", "aria-label": "When it ran" }, this.holder, this.tip,
      el("div", { class: "zoom" },
        el("button", { type: "button", title: "Zoom in (+)", "aria-label": "Zoom in", onclick: () => this.zoom(1.6) }, "+"),
        el("button", { type: "button", title: "Zoom out (\u2212)", "aria-label": "Zoom out", onclick: () => this.zoom(1 / 1.6) }, "\u2212"),
        el("button", { type: "button", title: "All of it (0)", "aria-label": "Show all of it", onclick: () => this.reset() }, "\u2194")));
    this.listen();
    this.holder.addEventListener("scroll", () => this.later(), { passive: true });
    new ResizeObserver(() => this.later()).observe(this.holder);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.colours = null; this.later(); });
  }

  show(spans, lanes) {
    const all = !this.map || (this.from === 0 && this.to >= this.map.size);
    this.spans = spans;
    this.lanes = lanes;
    this.map = new TimeMap(spans);
    this.sorted = lanes.map(() => []);
    for (const i of spans.order) {
      const lane = spans.kind[i] === kinds.agent ? this.laneOf(i) : spans.lane[i];
      (this.sorted[lane] || this.sorted[0]).push(i);
    }
    this.longest = this.sorted.map((list) => {
      let most = 0; // a bar that begins before what is seen may reach into it
      return Float64Array.from(list, (i) => (most = Math.max(most, spans.start[i] + spans.length[i])));
    });
    if (all) [this.from, this.to] = [0, this.map.size];
    this.canvas.setAttribute("aria-label", "Timeline of " + lanes.length + (lanes.length === 1 ? " lane" : " lanes") + " over " + span(this.map.end) +
      ". The list of events below says the same. Keys: plus, minus, 0, arrows.");
    this.names.replaceChildren(el("div", { class: "axis-name" }), ...lanes.slice(0, this.most()).map((l, n) =>
      el("button", { type: "button", class: "lane-name lane-" + (n ? ((n - 1) % 8) + 1 : 0), tabindex: "-1",
        title: oneLine(l.name + " " + (l.what || "") + (l.cost_usd != null ? " " + money(l.cost_usd) : "")),
        onclick: () => this.on.select(l.event >= 0 ? l.event : 0) }, oneLine(n && l.what ? l.what : l.name) || l.name)));
    this.node.classList.toggle("one-lane", lanes.length === 1);
    this.later();
  }

  most() {
    return Math.floor(tallest / laneHeight);
  }

  laneOf(i) {
    if (!this.laneAt || this.laneAt.lanes !== this.lanes) this.laneAt = Object.assign(new Map(this.lanes.map((l, n) => [l.event, n])), { lanes: this.lanes });
    return this.laneAt.get(i) || 0;
  }

  select(i) {
    this.chosen = i;
    if (i !== undefined && this.map) {
      const x = this.map.at(this.spans.start[i]);
      if (x < this.from || x > this.to) {
        const half = (this.to - this.from) / 2;
        this.move(x - half, x + half);
      }
      const lane = this.spans.kind[i] === kinds.agent ? this.laneOf(i) : this.spans.lane[i];
      const y = axisHeight + lane * laneHeight;
      if (y < this.holder.scrollTop + axisHeight || y + laneHeight > this.holder.scrollTop + this.holder.clientHeight) this.holder.scrollTop = y - this.holder.clientHeight / 2;
    }
    this.later();
  }

  move(from, to) {
    const size = this.map.size, width = Math.min(to - from, size);
    this.from = Math.min(Math.max(from, 0), size - width);
    this.to = this.from + width;
    this.later();
  }

  reset() {
    this.move(0, this.map.size);
  }

  zoom(by, around) {
    const mid = around === undefined ? (this.from + this.to) / 2 : around;
    const least = Math.max(this.map.size / 1e5, 2);
    const width = Math.max((this.to - this.from) / by, least);
    const share = (mid - this.from) / (this.to - this.from);
    this.move(mid - width * share, mid + width * (1 - share));
  }

  key(e) {
    const step = (this.to - this.from) / 8;
    const moves = { "+": () => this.zoom(1.6), "=": () => this.zoom(1.6), "-": () => this.zoom(1 / 1.6), 0: () => this.reset(),
      ArrowLeft: () => this.move(this.from - step, this.to - step), ArrowRight: () => this.move(this.from + step, this.to + step) };
    if (moves[e.key] && !e.ctrlKey && !e.metaKey) {
      moves[e.key]();
      e.preventDefault();
      e.stopPropagation();
    }
  }

  listen() {
    let down = null;
    const place = (e) => this.from + (e.offsetX / this.width) * (this.to - this.from);
    this.canvas.addEventListener("wheel", (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey) {
        this.zoom(e.deltaY < 0 ? 1.25 : 0.8, place(e));
      } else if (Math.abs(e.deltaX) > Math.abs(e.deltaY) || e.shiftKey) {
        const by = ((e.deltaX || e.deltaY) / this.width) * (this.to - this.from);
        this.move(this.from + by, this.to + by);
      } else return;
      e.preventDefault();
    }, { passive: false });
    this.canvas.addEventListener("pointerdown", (e) => {
      down = { x: e.offsetX, from: this.from, to: this.to, moved: false };
      this.canvas.setPointerCapture(e.pointerId);
    });
    this.canvas.addEventListener("pointermove", (e) => {
      if (!down) return this.hover(e);
      if (Math.abs(e.offsetX - down.x) > 3) down.moved = true;
      const by = ((e.offsetX - down.x) / this.width) * (down.to - down.from);
      if (down.moved) this.move(down.from - by, down.to - by);
    });
    this.canvas.addEventListener("pointerup", (e) => {
      const hit = down && !down.moved ? this.hit(e.offsetX, e.offsetY) : -1;
      down = null;
      if (hit >= 0) this.on.select(hit);
    });
    this.canvas.addEventListener("pointercancel", () => { down = null; });
    this.canvas.addEventListener("pointerleave", () => this.tip.classList.remove("shown"));
    this.canvas.addEventListener("dblclick", (e) => this.zoom(3, place(e)));
  }

  hover(e) {
    const i = this.hit(e.offsetX, e.offsetY);
    this.tip.classList.toggle("shown", i >= 0);
    if (i < 0) return;
    const s = this.spans;
    this.tip.textContent = this.on.name(i) + " \u00b7 " + span(s.length[i]) + (s.has(i, flags.waited) ? ", " + span(s.length[i] * s.waited[i]) + " of it waiting for approval" : "") + " \u00b7 at +" + span(s.start[i]);
    const box = this.node.getBoundingClientRect();
    this.tip.style.left = Math.min(e.clientX - box.left + 12, Math.max(box.width - 260, 0)) + "px";
    this.tip.style.top = e.clientY - box.top + 14 + "px";
  }

  // hit is the event at a place, the shortest where several lie over each other, or one beside it, -1 for none.
  hit(x, y) {
    const lane = Math.floor((y - axisHeight + this.holder.scrollTop) / laneHeight), list = this.sorted && this.sorted[lane];
    if (!list || y < axisHeight) return -1;
    let best = -1, near = 5, size = Infinity;
    for (const i of list) {
      const a = this.x(this.spans.start[i]), b = Math.max(this.x(this.spans.start[i] + this.spans.length[i]), a + 2);
      const off = x < a ? a - x : x > b ? x - b : 0;
      if (off < near || (off === near && b - a < size)) [best, near, size] = [i, off, b - a];
      if (a > x + 5) break;
    }
    return best;
  }

  x(t) {
    return ((this.map.at(t) - this.from) / (this.to - this.from)) * this.width;
  }

  later() {
    if (!this.pending) this.pending = requestAnimationFrame(() => { this.pending = 0; this.draw(); });
  }

  palette() {
    if (this.colours) return this.colours;
    const css = getComputedStyle(this.node), of = (name) => css.getPropertyValue(name).trim();
    this.colours = { line: of("--line"), dim: of("--dim"), bad: of("--bad"), text: of("--text"), accent: of("--accent"), panel: of("--panel"), font: css.fontFamily,
      lanes: Array.from({ length: 9 }, (_, n) => of("--lane-" + n)) };
    return this.colours;
  }

  draw() {
    if (!this.map || !this.node.isConnected) return;
    // The picture is as large as what is seen of it: hundreds of lanes would be a picture of thousands of lines.
    const box = this.canvas.parentElement, width = (this.width = box.clientWidth), height = (this.height = this.holder.clientHeight);
    if (!width || !height) return;
    const scale = Math.min(devicePixelRatio || 1, 2);
    if (this.canvas.width !== Math.round(width * scale) || this.canvas.height !== Math.round(height * scale)) {
      this.canvas.width = Math.round(width * scale);
      this.canvas.height = Math.round(height * scale);
      this.canvas.style.height = height + "px";
    }
    const g = this.canvas.getContext("2d"), c = this.palette();
    g.setTransform(scale, 0, 0, scale, 0, 0);
    g.clearRect(0, 0, width, height);
    this.drawAxis(g, c, width, height);
    g.save();
    g.beginPath();
    g.rect(0, axisHeight - 4, width, height);
    g.clip();
    const first = Math.max(Math.floor(this.holder.scrollTop / laneHeight), 0);
    for (let lane = first; lane < Math.min(this.sorted.length, this.most()) && this.laneY(lane) < height; lane++) this.drawLane(g, c, this.sorted[lane], lane);
    this.drawChosen(g, c);
    g.restore();
  }

  drawAxis(g, c, width, height) {
    g.font = "11px " + c.font;
    g.textBaseline = "middle";
    g.lineWidth = 1;
    let free = 0;
    for (const [a, b] of this.map.pauses) {
      const x = this.x(a), y = this.x(b);
      if (y < 0 || x > width) continue;
      g.fillStyle = c.panel;
      g.fillRect(x, 0, Math.max(y - x, 2), height);
      g.strokeStyle = c.dim;
      g.setLineDash([2, 3]);
      g.beginPath();
      g.moveTo((x + y) / 2, axisHeight);
      g.lineTo((x + y) / 2, height);
      g.stroke();
      g.setLineDash([]);
      const text = span(b - a) + " idle", w = g.measureText(text).width;
      const at = Math.min(Math.max((x + y) / 2 - w / 2, 0), width - w);
      if (at < free) continue;
      g.fillStyle = c.dim;
      g.fillText(text, at, axisHeight / 2);
      free = at + w + 8;
    }
    if (this.map.pauses.length) return;
    const t0 = this.map.time(this.from), t1 = this.map.time(this.to), step = nice((t1 - t0) / Math.max(width / 110, 1));
    g.fillStyle = c.dim;
    g.strokeStyle = c.line;
    for (let t = Math.ceil(t0 / step) * step; t <= t1; t += step) {
      const x = Math.round(this.x(t)) + 0.5, text = span(t), w = g.measureText(text).width;
      g.beginPath();
      g.moveTo(x, axisHeight);
      g.lineTo(x, height);
      g.stroke();
      if (x + w < width) g.fillText(text, x + 3, axisHeight / 2);
    }
  }

  drawLane(g, c, list, lane) {
    const s = this.spans, y = this.laneY(lane) + (laneHeight - barHeight) / 2;
    const colour = c.lanes[lane ? ((lane - 1) % 8) + 1 : 0];
    const last = [-1, -1, -1]; // where the last narrow failure, prompt and other bar ends
    for (let n = this.firstSeen(lane); n < list.length; n++) {
      const i = list[n], a = this.x(s.start[i]);
      if (a > this.width) break;
      const end = this.x(s.start[i] + s.length[i]), w = Math.max(end - a, 1.5), failed = s.failed(i);
      if (end < 0) continue;
      const sort = failed ? 0 : s.kind[i] === kinds.prompt ? 1 : 2;
      if (w <= 2) {
        if (a + w - last[sort] < 0.5) continue; // less than half a pixel of it would be seen
        last[sort] = a + w;
      }
      this.drawBar(g, c, colour, i, a, y, w, failed);
    }
  }

  laneY(lane) {
    return axisHeight + lane * laneHeight - this.holder.scrollTop;
  }

  // firstSeen is the first of a lane that may reach into what is seen.
  firstSeen(lane) {
    const ends = this.longest[lane], from = this.map.time(this.from);
    let lo = 0, hi = ends.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (ends[mid] < from) lo = mid + 1;
      else hi = mid;
    }
    return lo;
  }

  drawBar(g, c, colour, i, x, y, w, failed) {
    const s = this.spans;
    g.fillStyle = failed ? c.bad : colour;
    switch (s.kind[i]) {
      case kinds.agent:
        g.globalAlpha = 0.18;
        g.fillRect(x, y - 3, w, barHeight + 6);
        break;
      case kinds.message:
      case kinds.quiet:
        g.globalAlpha = 0.38;
        g.fillRect(x, y, w, barHeight);
        break;
      case kinds.prompt:
        g.fillStyle = c.text;
        g.fillRect(x, y - 3, 2, barHeight + 6);
        break;
      case kinds.tool:
        if (s.has(i, flags.waited)) {
          const wait = w * s.waited[i];
          hatch(g, x, y, wait, barHeight, failed ? c.bad : colour);
          g.fillRect(x + wait, y, Math.max(w - wait, 1), barHeight);
        } else g.fillRect(x, y, w, barHeight);
        break;
      default:
        g.globalAlpha = 0.7;
        g.fillRect(x, y + barHeight / 2 - 2, Math.max(w, 3), 4);
    }
    g.globalAlpha = 1;
    if (failed && w > 3) {
      g.strokeStyle = c.bad;
      g.lineWidth = 1.5;
      g.strokeRect(x, y, w, barHeight);
    }
  }

  drawChosen(g, c) {
    const i = this.chosen;
    if (i === undefined || i >= this.spans.n) return;
    const lane = this.spans.kind[i] === kinds.agent ? this.laneOf(i) : this.spans.lane[i];
    const x = this.x(this.spans.start[i]), w = Math.max(this.x(this.spans.start[i] + this.spans.length[i]) - x, 2);
    const y = this.laneY(lane) + 1;
    g.strokeStyle = c.accent;
    g.lineWidth = 2;
    g.strokeRect(x - 2, y, w + 4, laneHeight - 2);
    g.fillStyle = c.accent;
    g.fillRect(x, axisHeight - 4, 2, 4);
  }
}

function hatch(g, x, y, w, h, colour) {
  g.save();
  g.beginPath();
  g.rect(x, y, w, h);
  g.clip();
  g.strokeStyle = colour;
  g.lineWidth = 1;
  g.beginPath();
  const from = Math.max(x, -h), to = Math.min(x + w, 8000);
  for (let at = from - h; at < to; at += 4) {
    g.moveTo(at, y + h);
    g.lineTo(at + h, y);
  }
  g.stroke();
  g.restore();
  g.strokeStyle = colour;
  g.strokeRect(x + 0.5, y + 0.5, Math.max(w - 1, 0.5), h - 1);
}

// nice is a step of time that people count in.
function nice(ms) {
  for (const step of [10, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 15000, 30000, 60000, 120000, 300000, 600000, 900000, 1800000, 3600000, 7200000, 14400000, 43200000, 86400000]) if (step >= ms) return step;
  return Math.ceil(ms / 86400000) * 86400000;
}
