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
