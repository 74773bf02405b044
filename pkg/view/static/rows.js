import { kinds, flags } from "./spans.js";

// Rows are what the story is made of: events, runs of ordinary calls folded to one, and what an agent did below its
// card, if it is open. They are made of spans alone.

// shortestRun is how many ordinary events are folded: fewer are as quickly read.
const shortestRun = 3;

export class Rows {
  constructor(spans, lanes) {
    this.open = new Set(); // lanes
    this.unfolded = new Set(); // first events of runs
    this.only = ""; // "prose": what people, the model and agents said
    this.update(spans, lanes);
  }

  update(spans, lanes) {
    this.spans = spans;
    this.lanes = lanes;
    this.laneAt = new Map(lanes.map((l, n) => [l.event, n]));
    this.byLane = lanes.map(() => []);
    for (let i = 0; i < spans.n; i++) (this.byLane[spans.lane[i]] || this.byLane[0]).push(i);
    this.build();
  }

  build() {
    this.list = [{ kind: "head" }];
    this.walk(0, 0, new Set());
    this.rowOf = new Int32Array(this.spans.n).fill(-1);
    this.list.forEach((row, r) => {
      if (row.kind === "event") this.rowOf[row.i] = r;
      if (row.kind === "run") for (const i of row.events) this.rowOf[i] = r;
    });
  }

  walk(lane, depth, seen) {
    if (seen.has(lane)) return;
    seen.add(lane);
    let run = [];
    const flush = () => {
      if (run.length >= shortestRun && !this.unfolded.has(run[0])) this.list.push({ kind: "run", i: run[0], events: run, depth, lane });
      else for (const i of run) this.list.push({ kind: "event", i, depth, lane, run: run.length >= shortestRun ? run[0] : -1 });
      run = [];
    };
    for (const i of this.byLane[lane]) {
      if (this.only === "prose" && !this.isProse(i)) continue;
      if (this.isOrdinary(i)) {
        run.push(i);
        continue;
      }
      flush();
      this.list.push({ kind: "event", i, depth, lane, run: -1 });
      const below = this.laneAt.get(i);
      if (below && this.open.has(below)) this.walk(below, depth + 1, seen);
    }
    flush();
  }

  isOrdinary(i) {
    const s = this.spans;
    return s.has(i, flags.ordinary) || (s.has(i, flags.asks) && !s.failed(i));
  }

  isProse(i) {
    const s = this.spans;
    return [kinds.prompt, kinds.agent, kinds.error, kinds.compaction].includes(s.kind[i]) || (s.kind[i] === kinds.message && !s.has(i, flags.thinks)) || s.failed(i);
  }

  // reveal opens what hides an event, and reports whether that changed anything.
  reveal(i) {
    let changed = false;
    const path = new Set();
    for (let lane = this.spans.lane[i]; lane > 0 && !path.has(lane); lane = this.lanes[lane].parent) {
      path.add(lane);
      if (!this.open.has(lane)) changed = true;
      this.open.add(lane);
    }
    if (this.only && !this.isProse(i)) {
      this.only = "";
      changed = true;
    }
    if (changed) this.build();
    return changed;
  }

  // toggle opens or closes what a row hides, or what it is a part of.
  toggle(row) {
    const lane = row.kind === "event" ? this.laneAt.get(row.i) : undefined;
    if (lane) {
      if (!this.open.delete(lane)) this.open.add(lane);
    } else if (row.kind === "run") {
      this.unfolded.add(row.i);
    } else if (row.run >= 0) {
      this.unfolded.delete(row.run);
    } else {
      return false;
    }
    this.build();
    return true;
  }

  // all opens or closes everything.
  all(open) {
    this.open = new Set(open ? this.lanes.map((_, n) => n).slice(1) : []);
    if (!open) this.unfolded.clear();
    this.build();
    if (!open) return;
    for (const row of this.list) if (row.kind === "run") this.unfolded.add(row.i);
    this.build();
  }
}
