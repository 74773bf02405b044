import { el } from "./dom.js";
import { bytes, count, spaced } from "./words.js";
import { terminalText } from "./ansi.js";
import { proseText } from "./prose.js";

// Each kind of text is set in its own way. Long ones are cut to some lines and can be opened.

// linesShown is how many lines of a text are shown before it is opened.
const linesShown = { prose: 24, thinking: 3, command: 12, output: 10, code: 8, diff: 24, todos: 40, failure: 16 };

// partView shows one text of an event. how: {open, paper, k, whole(k), more()}. On paper prose is whole, and what is cut says so.
export function partView(part, how) {
  if (part.kind === "image") return imageView(part, how);
  const most = how.most || linesShown[part.kind] || 10;
  const all = part.text || "";
  const text = how.open || (how.paper && isProse(part)) ? all : firstLines(all, most, isProse(part) ? 110 : 400);
  const box = el("div", { class: "part " + part.kind }, part.name && el("div", { class: "part-name" }, spaced(part.name)));
  box.append(...setText(part.kind, text.length < all.length && isProse(part) ? text.trimEnd() + "\u2026" : text));
  const hidden = text.length < all.length, lines = hidden ? all.split("\n").length : 0;
  if (how.paper) {
    if (hidden || part.cut) box.append(el("p", { class: "part-name" }, "\u2026 " + (lines > most ? count(lines, "line") : bytes(part.bytes || all.length)) + " in all"));
  } else if (hidden || (part.cut && !how.open)) {
    box.append(el("button", { class: "more", type: "button", onclick: how.more },
      part.cut ? "Show more of " + bytes(part.bytes) : "Show all" + (lines > most ? " " + count(lines, "line") : "")));
  } else if (part.cut && how.whole(how.k)) {
    box.append(el("a", { class: "more", href: how.whole(how.k), target: "_blank", rel: "noopener" }, "The whole text, " + bytes(part.bytes)));
  }
  return box;
}

const isProse = (part) => part.kind === "prose" || part.kind === "thinking";

// firstLines is the beginning of a text, of at most so many lines of so many characters.
function firstLines(text, most, width) {
  let at = 0, used = 0;
  while (at < text.length) {
    const end = text.indexOf("\n", at), line = (end < 0 ? text.length : end) - at;
    used += Math.max(Math.ceil(line / width), 1);
    if (used > most) {
      const left = most - (used - Math.max(Math.ceil(line / width), 1));
      return text.slice(0, left > 0 ? at + left * width : Math.max(at - 1, 0));
    }
    if (end < 0) break;
    at = end + 1;
  }
  return text;
}

function setText(kind, text) {
  switch (kind) {
    case "prose":
      return proseText(text);
    case "thinking":
      return [el("div", { class: "words" }, text)];
    case "output":
    case "failure":
      return [el("pre", {}, terminalText(text))];
    case "command":
      return [el("pre", {}, text)];
    case "diff":
      return [diffView(text)];
    case "todos":
      return [todosView(text)];
  }
  return [el("pre", {}, text)];
}

const signs = { "+": "added", "-": "removed", "@": "hunk" };

function diffView(text) {
  return el("pre", { class: "diff-lines" }, text.split("\n").map((line) => el("span", { class: signs[line[0]] || "same" }, line + "\n")));
}

const boxes = { completed: "\u2611", in_progress: "\u25b6", pending: "\u2610" };

function todosView(text) {
  return el("ul", { class: "todo-list" }, text.split("\n").map((line) => {
    const m = /^\[([^\]]*)\] (.*)$/.exec(line);
    if (!m) return el("li", {}, line);
    return el("li", { class: boxes[m[1]] ? "todo-" + m[1] : "" }, el("span", { "aria-hidden": "true" }, (boxes[m[1]] || "\u2610") + " "), m[2],
      el("span", { class: "sr" }, ", " + spaced(m[1])));
  }));
}

function imageView(part, how) {
  const address = how.whole(how.k);
  const box = el("div", { class: "part image" });
  const img = address && el("img", { src: address, alt: "A picture that the tool gave back", loading: "lazy" });
  if (img) img.addEventListener("error", () => img.replaceWith(el("p", { class: "dim" }, "The picture cannot be shown.")));
  box.append(img || el("p", { class: "dim" }, "A picture, " + bytes(part.bytes)));
  return box;
}
