// A source is where the page's data comes from: a server, or the document itself, for a page that is one file. Both have
// the same methods, so that whoever shows a session does not know which it is:
//
//	head(at)       the head of the session; with at, the index of the event with that id or number as head.at
//	spans()        a DataView of all events, 16 bytes each
//	events(block)  the events of one block of [blockSize], with short texts
//	event(i)       one event with longer texts
//	find(text)     where a text stands
//	whole(i, k)    the address of a whole text or picture, null where the document has no more than it shows
//	watch(tell)    tells of versions of a session at work

export const blockSize = 200;

// ask gets JSON. What goes wrong is an error with a sentence and a next step.
export async function ask(address, signal) {
  let answer;
  try {
    answer = await fetch(address, { signal, headers: { Accept: "application/json" } });
  } catch (e) {
    if (e.name === "AbortError") throw e;
    throw { error: "The server does not answer.", hint: "Is ams-assemble view still running?" };
  }
  let body = null;
  try {
    body = await answer.json();
  } catch (e) {
    if (e.name === "AbortError") throw e;
  }
  if (!answer.ok || body === null) {
    throw Object.assign({ status: answer.status, error: "The server answered with " + answer.status + ".", hint: "" }, body || {});
  }
  return body;
}

export class ServerSource {
  constructor(id) {
    this.base = "/api/s/" + encodeURIComponent(id);
  }

  head(at) {
    return ask(this.base + (at ? "?e=" + encodeURIComponent(at) : ""));
  }

  async spans() {
    const answer = await fetch(this.base + "/spans");
    if (!answer.ok) throw await answer.json();
    return new DataView(await answer.arrayBuffer());
  }

  async events(block) {
    return ask(this.base + "/events?from=" + block * blockSize + "&n=" + blockSize);
  }

  async event(i) {
    return (await ask(this.base + "/events/" + i)).events[0];
  }

  find(text) {
    return ask(this.base + "/find?q=" + encodeURIComponent(text));
  }

  whole(i, k) {
    return this.base + "/events/" + i + "/" + k;
  }

  watch(tell) {
    const events = new EventSource(this.base + "/live");
    for (const kind of ["version", "over", "gone"]) {
      events.addEventListener(kind, (e) => {
        if (kind !== "version") events.close();
        tell(kind, e.data);
      });
    }
    return () => events.close();
  }
}

// DocumentSource has a session that stands in the document: {head, spans (base64), events}.
export class DocumentSource {
  constructor(data) {
    this.data = data;
  }

  async head(at) {
    const i = at ? this.data.events.findIndex((e) => e.id === at || String(e.seq) === at) : -1;
    return Object.assign({}, this.data.head, i >= 0 ? { at: i } : {});
  }

  async spans() {
    const text = atob(this.data.spans), b = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) b[i] = text.charCodeAt(i);
    return new DataView(b.buffer);
  }

  async events(block) {
    return { version: this.data.head.version, events: this.data.events.slice(block * blockSize, (block + 1) * blockSize) };
  }

  async event(i) {
    return this.data.events[i];
  }

  async find(text) {
    const low = text.toLowerCase().split(/\s+/).filter(Boolean).join(" "), places = [];
    let all = 0;
    for (const e of low ? this.data.events : []) {
      for (const part of [{ text: e.title }, ...(e.parts || [])]) {
        const t = (part.text || "").replace(/\s+/g, " "), at = t.toLowerCase().indexOf(low);
        if (at < 0) continue;
        if (++all <= 500) {
          places.push({ i: e.i, what: e.label, before: t.slice(Math.max(at - 60, 0), at), match: t.slice(at, at + low.length), after: t.slice(at + low.length, at + low.length + 80) });
        }
        break;
      }
    }
    return { places, all };
  }

  whole(i, k) {
    const part = this.data.events[i].parts[k];
    return part.kind === "image" && part.data ? "data:" + part.media + ";base64," + part.data : null;
  }

  watch() {
    return () => {};
  }
}
