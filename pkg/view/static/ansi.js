import { el, clean } from "./dom.js";

// The colours of a terminal: of its sequences, colours and weights are shown, all others are left out.

const sequence = /\u001b(?:\[([0-9;:]*)([ -/]*[@-~])|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[PX^_][^\u001b]*(?:\u001b\\)?|[@-Z\\-_]|[ -/]+[0-~])/g;

// terminalText is a text as nodes with the colours that it asks for.
export function terminalText(text) {
  if (!text.includes("\u001b") && !text.includes("\b") && !text.includes("\r")) return [document.createTextNode(clean(text))];
  text = overwritten(text);
  const out = [];
  let style = {}, from = 0;
  const put = (part) => {
    if (!part) return;
    const names = Object.values(style).filter((v) => typeof v === "string" && v.startsWith("t-"));
    const colours = style.rgb || style.back;
    if (!names.length && !colours) {
      out.push(document.createTextNode(clean(part)));
      return;
    }
    const node = el("span", { class: names.join(" ") }, part);
    if (style.rgb) node.style.color = style.rgb;
    if (style.back) node.style.backgroundColor = style.back;
    out.push(node);
  };
  for (const m of text.matchAll(sequence)) {
    put(text.slice(from, m.index));
    from = m.index + m[0].length;
    if (m[2] === "m") style = restyled(style, m[1]);
  }
  put(text.slice(from));
  return out;
}

// overwritten is what is left of lines that were written again and again, as progress bars are.
function overwritten(text) {
  return text.replace(/\r\n/g, "\n").split("\n").map((line) => line.replace(/^[^\u001b]*\r(?=.)/, "").replace(/\r$/, "")).join("\n").replace(/[^\n]\u0008/g, "");
}

function restyled(old, codes) {
  let style = Object.assign({}, old);
  const list = (codes || "0").split(/[;:]/).map(Number);
  for (let i = 0; i < list.length; i++) {
    const c = list[i];
    if (c === 0) style = {};
    else if (c === 1) style.weight = "t-bold";
    else if (c === 2) style.weight = "t-dim";
    else if (c === 22) delete style.weight;
    else if (c === 3) style.slant = "t-italic";
    else if (c === 23) delete style.slant;
    else if (c === 4) style.line = "t-under";
    else if (c === 24) delete style.line;
    else if (c >= 30 && c <= 37) { style.fore = "t-c" + (c - 30); delete style.rgb; }
    else if (c >= 90 && c <= 97) { style.fore = "t-c" + (c - 82); delete style.rgb; }
    else if (c === 39) { delete style.fore; delete style.rgb; }
    else if (c >= 40 && c <= 47) { style.ground = "t-b" + (c - 40); delete style.back; }
    else if (c >= 100 && c <= 107) { style.ground = "t-b" + (c - 92); delete style.back; }
    else if (c === 49) { delete style.ground; delete style.back; }
    else if (c === 38 || c === 48) {
      const rgb = list[i + 1] === 5 ? palette(list[i + 2]) : list[i + 1] === 2 ? triple(list.slice(i + 2, i + 5)) : null;
      i += list[i + 1] === 5 ? 2 : 4;
      style[c === 38 ? "rgb" : "back"] = rgb;
    }
  }
  return style;
}

function triple(v) {
  return v.length === 3 && v.every((n) => n >= 0 && n <= 255) ? "rgb(" + v.join(",") + ")" : null;
}

// palette is one of the 256 colours.
function palette(n) {
  if (!(n >= 0 && n <= 255)) return null;
  if (n < 16) return ["#000", "#c33", "#2a2", "#a80", "#36c", "#a3a", "#2aa", "#aaa", "#666", "#f55", "#5c5", "#fc5", "#69f", "#f6f", "#5dd", "#fff"][n];
  if (n >= 232) return triple([8 + (n - 232) * 10, 8 + (n - 232) * 10, 8 + (n - 232) * 10]);
  const level = [0, 95, 135, 175, 215, 255];
  return triple([level[Math.floor((n - 16) / 36)], level[Math.floor((n - 16) / 6) % 6], level[(n - 16) % 6]]);
}
