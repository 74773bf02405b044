import { blockSize } from "./source.js";

// A session that stands in the document, as ams-assemble show --html writes it: pkg/htmlpage says in which blocks. A block is
// read when it is needed, and the last few are kept.

// keptBlocks is how many are kept: more than a reader sees at once.
const keptBlocks = 24;

export class DocumentSource {
  constructor() {
    this.about = JSON.parse(document.getElementById("session").textContent);
    this.kept = new Map();
  }

  async head(at) {
    const i = at ? await this.indexOf(at) : -1;
    return Object.assign({ version: "", live: false }, this.about.head, i >= 0 ? { at: i } : {});
  }

  async spans() {
    return new DataView(fromBase64(JSON.parse(document.getElementById("spans").textContent)).buffer);
  }

  // indexOf finds an event by its id or number. Numbers follow each other, so the place of most is known.
  async indexOf(at) {
    const near = Math.floor((Number(at) - 1) / blockSize);
    const order = [...Array(this.about.blocks).keys()];
    if (near > 0 && near < order.length) order.unshift(near);
    for (const block of order) {
      for (const e of await this.block(block)) if (e.id === at || String(e.seq) === at) return e.i;
    }
    return -1;
  }

  async block(n) {
    let events = this.kept.get(n);
    if (!events) {
      let node = document.getElementById("events-" + n);
      if (!node || !node.nextElementSibling) { // it was not read, or not to its end
        await read();
        node = document.getElementById("events-" + n);
      }
      events = JSON.parse(!node ? "[]" : this.about.packed ? await unpacked(node.textContent) : node.textContent);
    }
    this.kept.delete(n);
    this.kept.set(n, events);
    if (this.kept.size > keptBlocks) this.kept.delete(this.kept.keys().next().value);
    return events;
  }

  async events(block) {
    return { version: "", events: await this.block(block) };
  }

  async event(i) {
    return (await this.block(Math.floor(i / blockSize)))[i % blockSize];
  }

  async find(text) {
    const low = text.toLowerCase().split(/\s+/).filter(Boolean).join(" "), places = [];
    let all = 0;
    for (let n = 0; low && n < this.about.blocks; n++) {
      for (const e of await this.block(n)) {
        const found = foundIn(e, low);
        if (found && ++all <= 500) places.push(found);
      }
    }
    return { version: "", places, all };
  }

  // whole is the address of a picture. Texts have none: the document has no more of them than it shows.
  whole(i, k) {
    const events = this.kept.get(Math.floor(i / blockSize));
    const part = events && events[i % blockSize].parts[k];
    return part && part.kind === "image" && part.data ? "data:" + part.media + ";base64," + part.data : null;
  }

  watch() {
    return () => {};
  }
}

// read waits until all of the document was read: the page begins before that.
function read() {
  if (document.readyState !== "loading") return Promise.resolve();
  return new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));
}

// foundIn is the first place of a text in an event.
function foundIn(e, low) {
  for (const part of [{ text: e.title }, ...(e.parts || [])]) {
    const text = (part.text || "").replace(/\s+/g, " "), at = text.toLowerCase().indexOf(low);
    if (at < 0) continue;
    const end = at + low.length;
    return { i: e.i, what: e.label, before: text.slice(Math.max(at - 60, 0), at), match: text.slice(at, end), after: text.slice(end, end + 80) };
  }
  return null;
}

function fromBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

function unpacked(text) {
  const packed = new Blob([fromBase64(text)]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(packed).text();
}
