// Elements are made here and nowhere else. A text becomes a text node: what an agent wrote is never markup, and no
// address is made of it.

// el makes an element. Of props, functions are listeners, "class" and others attributes; null and false are left out.
export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.replace(/^on/, ""), value);
    else if (name === "href" || name === "src") node.setAttribute(name, ownAddress(value));
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(9).filter((c) => c !== null && c !== undefined && c !== false)
    .map((c) => (c instanceof Node ? c : document.createTextNode(clean(String(c))))));
  return node;
}

// ownAddress lets addresses of this page through, and no others.
function ownAddress(value) {
  const text = String(value);
  if (/^(\/(?!\/)|#|\?)/.test(text) || /^data:image\/(png|jpeg|gif|webp);base64,/.test(text)) return text;
  throw new Error("not an address of this page");
}

// What is not to be seen, or turns what stands beside it around: shown by its number, as a terminal shows it.
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

// clean makes a text harmless to read: line breaks and tabs stay.
export function clean(text) {
  return text.replace(/\r\n?/g, "\n").replace(unseen, (c) => "\u2039" + c.codePointAt(0).toString(16).padStart(2, "0") + "\u203a");
}

// oneLine is a text in one line.
export function oneLine(text) {
  return String(text || "").replace(/\s+/g, " ").trim();
}

// fill puts children in the place of what a node has.
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(9).filter((c) => c !== null && c !== undefined && c !== false)
    .map((c) => (c instanceof Node ? c : document.createTextNode(clean(String(c))))));
  return node;
}

// markText marks each place of a text in what a node shows.
export function markText(node, needle) {
  if (!needle) return;
  const walker = document.createTreeWalker(node, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  const low = needle.toLowerCase();
  for (const t of texts) {
    let rest = t;
    for (let at = rest.data.toLowerCase().indexOf(low); at >= 0; at = rest.data.toLowerCase().indexOf(low)) {
      const hit = rest.splitText(at);
      rest = hit.splitText(needle.length);
      const mark = document.createElement("mark");
      hit.replaceWith(mark);
      mark.append(hit);
    }
  }
}

// problemView tells what went wrong, and the next step.
export function problemView(problem) {
  return el("div", { class: "problem", role: "alert" }, el("p", {}, problem.error || String(problem)), problem.hint && el("p", { class: "dim" }, problem.hint));
}
