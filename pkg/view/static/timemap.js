// TimeMap maps times of a session to places of a drawing. Where nothing ran for long the time is squeezed to a little:
// a session that waited over night is not all night.

// keptIdle is what a squeezed pause takes, as a part of all the rest.
const keptIdle = 0.015;

export class TimeMap {
  constructor(spans) {
    const gaps = [];
    let end = 0, busy = 0;
    for (const i of spans.order) {
      const from = spans.start[i], to = from + spans.length[i];
      if (from > end) gaps.push([end, from]);
      if (to > end) {
        busy += to - Math.max(from, end);
        end = to;
      }
    }
    this.end = end;
    // A pause is squeezed if it is longer than a minute and than a twentieth of what is not pause.
    const least = Math.max(60000, busy / 20);
    this.pauses = gaps.filter(([a, b]) => b - a > least);
    const rest = Math.max(end - this.pauses.reduce((s, [a, b]) => s + b - a, 0), 1);
    const kept = rest * Math.min(keptIdle, 0.2 / this.pauses.length); // all of them a fifth at most
    this.from = [0];
    this.to = [0];
    for (const [a, b] of this.pauses) {
      this.add(a, this.to[this.to.length - 1] + (a - this.from[this.from.length - 1]));
      this.add(b, this.to[this.to.length - 1] + kept);
    }
    this.add(end, this.to[this.to.length - 1] + (end - this.from[this.from.length - 1]));
    this.size = Math.max(this.to[this.to.length - 1], 1);
  }

  add(from, to) {
    this.from.push(from);
    this.to.push(to);
  }

  // at is the place of a time, from 0 to size.
  at(t) {
    return mapped(this.from, this.to, t);
  }

  // time is the time of a place.
  time(x) {
    return mapped(this.to, this.from, x);
  }
}

function mapped(a, b, v) {
  let lo = 0, hi = a.length - 1;
  while (hi - lo > 1) {
    const mid = (lo + hi) >> 1;
    if (a[mid] <= v) lo = mid;
    else hi = mid;
  }
  const width = a[hi] - a[lo];
  return width > 0 ? b[lo] + ((v - a[lo]) / width) * (b[hi] - b[lo]) : b[lo];
}
