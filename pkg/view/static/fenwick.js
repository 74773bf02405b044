// Fenwick holds heights of rows: the sum of the first n, and the row at a height, in log n steps.
export class Fenwick {
  constructor(n, height) {
    this.n = n;
    this.values = new Float64Array(n);
    this.tree = new Float64Array(n + 1);
    for (let i = 0; i < n; i++) {
      this.values[i] = height(i);
      this.tree[i + 1] += this.values[i];
      const up = i + 1 + ((i + 1) & -(i + 1));
      if (up <= n) this.tree[up] += this.tree[i + 1];
    }
    this.top = 1;
    while (this.top * 2 <= n) this.top *= 2;
  }

  set(i, value) {
    const by = value - this.values[i];
    this.values[i] = value;
    for (let at = i + 1; at <= this.n; at += at & -at) this.tree[at] += by;
    return by;
  }

  // sum is the height of the first n rows.
  sum(n) {
    let s = 0;
    for (let at = n; at > 0; at -= at & -at) s += this.tree[at];
    return s;
  }

  // at is the row that stands at a height.
  at(y) {
    let i = 0;
    for (let step = this.top; step > 0; step >>= 1) {
      if (i + step <= this.n && this.tree[i + step] <= y) {
        i += step;
        y -= this.tree[i];
      }
    }
    return Math.min(i, Math.max(this.n - 1, 0));
  }
}
