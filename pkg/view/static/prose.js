import { el } from "./dom.js";

// What people and models write is mostly Markdown. Of it code, headings and weight are shown; all else stays as it was
// typed, and nothing becomes a link.

export function proseText(text) {
  const out = [];
  const fence = /^(`{3,}|~{3,})[^\n]*$/m;
  let rest = text;
  for (;;) {
    const m = fence.exec(rest);
    if (!m) break;
    const after = rest.slice(m.index + m[0].length + 1);
    const end = after.search(new RegExp("^" + m[1][0] + "{" + m[1].length + ",}[ \\t]*$", "m"));
    if (end < 0) break;
    paragraphs(out, rest.slice(0, m.index));
    out.push(el("pre", {}, after.slice(0, end).replace(/\n$/, "")));
    const line = after.indexOf("\n", end);
    rest = line < 0 ? "" : after.slice(line + 1);
  }
  paragraphs(out, rest);
  return out;
}

function paragraphs(out, text) {
  text = text.replace(/^\n+|\s+$/g, "");
  if (!text) return;
  const box = el("div", { class: "words" });
  text.split("\n").forEach((line, n) => {
    if (n) box.append("\n");
    const heading = /^#{1,6} +(.*)$/.exec(line);
    if (heading) box.append(el("strong", {}, heading[1]));
    else box.append(...inline(line));
  });
  out.push(box);
}

function inline(line) {
  const out = [];
  let from = 0;
  for (const m of line.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*/g)) {
    if (m.index > from) out.push(el("span", {}, line.slice(from, m.index)));
    out.push(m[1] ? el("code", {}, m[1]) : el("strong", {}, m[2]));
    from = m.index + m[0].length;
  }
  if (from < line.length) out.push(el("span", {}, line.slice(from)));
  return out;
}
