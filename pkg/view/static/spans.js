// Spans are what is known of all events without their texts; pkg/view says what the bytes mean.

export const spanBytes = 16;
export const kinds = { prompt: 0, message: 1, quiet: 2, tool: 3, agent: 4, note: 5, compaction: 6, error: 7 };
export const flags = { failed: 1, open: 2, refused: 4, ordinary: 8, waited: 16, asks: 32, thinks: 64 };

export class Spans {
  constructor(view) {
    const n = (this.n = Math.floor(view.byteLength / spanBytes));
    this.start = new Float64Array(n);
    this.length = new Float64Array(n);
    this.waited = new Float32Array(n);
    this.lane = new Uint16Array(n);
    this.kind = new Uint8Array(n);
    this.flags = new Uint8Array(n);
    this.cls = new Uint8Array(n);
    this.lines = new Uint8Array(n);
    for (let i = 0, at = 0; i < n; i++, at += spanBytes) {
      this.start[i] = view.getUint32(at, true);
      this.length[i] = view.getUint32(at + 4, true);
      this.waited[i] = view.getUint16(at + 8, true) / 65535;
      this.lane[i] = view.getUint16(at + 10, true);
      this.kind[i] = view.getUint8(at + 12);
      this.flags[i] = view.getUint8(at + 13);
      this.cls[i] = view.getUint8(at + 14);
      this.lines[i] = view.getUint8(at + 15);
    }
  }

  // order are all events by when they began: they come nearly so.
  get order() {
    if (!this.sorted) this.sorted = Int32Array.from(Array.from({ length: this.n }, (_, i) => i).sort((a, b) => this.start[a] - this.start[b]));
    return this.sorted;
  }

  has(i, flag) {
    return (this.flags[i] & flag) !== 0;
  }

  failed(i) {
    return this.has(i, flags.failed) || this.kind[i] === kinds.error;
  }
}
