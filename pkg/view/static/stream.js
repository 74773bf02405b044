import { Fenwick } from "./fenwick.js";
import { el } from "./dom.js";

// Stream shows a few of many rows: those that are to be seen, and some beyond. Heights are estimated until a row was
// there. What changes above the first row that is seen moves nothing that a reader looks at.
export class Stream {
  // make: estimate(i) is a height, render(i) a node, changed() is told when other rows are seen.
  constructor(scroller, make) {
    this.scroller = scroller;
    this.make = make;
    this.box = el("div", { class: "rows" });
    this.shown = new Map();
    this.heights = new Fenwick(0, () => 0);
    this.pending = 0;
    scroller.append(this.box);
    scroller.addEventListener("scroll", () => this.later(), { passive: true });
    for (const kind of ["wheel", "touchstart", "pointerdown", "keydown"]) {
      scroller.addEventListener(kind, () => { this.aim = this.hold = undefined; }, { passive: true }); // the reader moves now
    }
    this.watcher = new ResizeObserver((entries) => this.measured(entries));
    this.size = new ResizeObserver(() => this.later());
    this.size.observe(scroller);
  }

  // reset is told that there are n rows now. at is the row that a reader looked at, and stays where it is. It returns whether one of the
  // rows had the focus, which it lost.
  reset(n, at) {
    const offset = at ? this.scroller.scrollTop - this.heights.sum(at.was) : 0;
    const focused = this.box.contains(document.activeElement);
    this.aim = undefined;
    this.hold = at ? { i: at.is, below: offset } : undefined;
    for (const node of this.shown.values()) this.remove(node);
    this.shown.clear();
    this.heights = new Fenwick(n, (i) => this.make.estimate(i));
    this.grow();
    this.keep();
    this.draw();
    return focused;
  }

  get count() {
    return this.heights.n;
  }

  remove(node) {
    this.watcher.unobserve(node);
    node.remove();
  }

  grow() {
    this.box.style.height = this.heights.sum(this.heights.n) + "px";
  }

  later() {
    if (!this.pending) this.pending = requestAnimationFrame(() => { this.pending = 0; this.draw(); });
  }

  draw() {
    const n = this.heights.n;
    const top = this.scroller.scrollTop - this.box.offsetTop, height = this.scroller.clientHeight;
    if (!height) return;
    const first = n ? this.heights.at(Math.max(top - 400, 0)) : 0;
    let last = first;
    for (let y = this.heights.sum(first); last < n && y < top + height + 400; last++) y += this.heights.values[last];
    for (const [i, node] of this.shown) {
      if (i < first || i >= last) {
        if (node.contains(document.activeElement)) continue; // the focus stays where it is
        this.remove(node);
        this.shown.delete(i);
      }
    }
    for (let i = first; i < last; i++) if (!this.shown.has(i)) this.put(i);
    this.place();
    this.first = first;
    this.last = last;
    if (this.make.changed) this.make.changed(first, last);
  }

  put(i) {
    const node = this.make.render(i);
    node.classList.add("row");
    node.streamRow = i;
    let before = null;
    for (const [k, other] of this.shown) if (k > i && (before === null || k < before.streamRow)) before = other;
    this.box.insertBefore(node, before); // in their order, for those who read with their ears
    this.shown.set(i, node);
    this.watcher.observe(node);
  }

  // again renders a row anew, if it is shown.
  again(i) {
    const old = this.shown.get(i);
    if (!old) return;
    const focused = old.contains(document.activeElement);
    this.remove(old);
    this.shown.delete(i);
    this.put(i);
    this.place();
    if (focused) this.shown.get(i).focus({ preventScroll: true });
  }

  place() {
    for (const [i, node] of this.shown) node.style.transform = "translateY(" + this.heights.sum(i) + "px)";
  }

  measured(entries) {
    const top = this.scroller.scrollTop - this.box.offsetTop;
    let above = 0, changed = false;
    for (const entry of entries) {
      const node = entry.target, i = node.streamRow;
      if (this.shown.get(i) !== node) continue;
      const height = entry.borderBoxSize ? entry.borderBoxSize[0].blockSize : node.offsetHeight;
      if (!height || Math.abs(height - this.heights.values[i]) < 0.5) continue;
      const isAbove = this.heights.sum(i + 1) <= top;
      const by = this.heights.set(i, height);
      if (isAbove) above += by;
      changed = true;
    }
    if (!changed) return;
    this.grow();
    if (this.aim !== undefined && this.aim < this.heights.n) this.scroller.scrollTop = this.goal(this.aim);
    else if (this.hold) this.keep();
    else if (above) this.scroller.scrollTop += above;
    this.place();
    this.later();
  }

  // keep holds the row that a reader looked at where it was, while rows above it get their heights.
  keep() {
    if (this.hold && this.hold.i < this.heights.n) this.scroller.scrollTop = this.heights.sum(this.hold.i) + this.hold.below;
  }

  goal(i) {
    return Math.max(this.heights.sum(i) + this.box.offsetTop - this.scroller.clientHeight * 0.2, 0);
  }

  // show brings a row where it can be read, and keeps it there while rows above it get their heights.
  show(i, near) {
    const y = this.heights.sum(i) + this.box.offsetTop, top = this.scroller.scrollTop;
    const inside = y >= top && y + Math.min(this.heights.values[i], this.scroller.clientHeight / 2) <= top + this.scroller.clientHeight;
    if (near && inside) return this.draw();
    this.aim = i;
    this.hold = undefined;
    this.scroller.scrollTop = this.goal(i);
    this.draw();
  }

  // inView reports whether a row begins where a reader sees it.
  inView(i) {
    const y = i < 0 || i >= this.heights.n ? -1 : this.heights.sum(i) + this.box.offsetTop - this.scroller.scrollTop;
    return y >= 0 && y < this.scroller.clientHeight;
  }

  get atEnd() {
    return this.scroller.scrollTop + this.scroller.clientHeight >= this.scroller.scrollHeight - 40;
  }
}
