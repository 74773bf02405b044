import { el } from "./dom.js";

// Keys work everywhere but where a person types.

// onKeys calls what belongs to a key: {key: [what it does, function]}.
export function onKeys(keys) {
  const listen = (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName);
    if (typing && e.key === "Escape") e.target.blur();
    if (typing || !keys[e.key] || document.querySelector("dialog[open]")) return;
    e.preventDefault();
    keys[e.key][1](e);
  };
  document.addEventListener("keydown", listen);
  return () => document.removeEventListener("keydown", listen);
}

// keysDialog shows which keys there are.
export function keysDialog(keys) {
  const box = el("dialog", { class: "keys", "aria-label": "Keys" }, el("h2", {}, "Keys"),
    el("dl", {}, Object.entries(keys).map(([key, [what]]) => [el("dt", {}, el("kbd", {}, key)), el("dd", {}, what)])),
    el("form", { method: "dialog" }, el("button", { autofocus: true }, "Close")));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

// numberDialog asks for the number of an event.
export function numberDialog(go) {
  const input = el("input", { type: "number", min: "1", required: true, autofocus: true, id: "event-number" });
  const box = el("dialog", { "aria-label": "Go to an event" },
    el("form", { method: "dialog", onsubmit: () => go(input.value) }, el("label", { for: "event-number" }, "Event number "), input, " ", el("button", {}, "Go")));
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

// say shows a short message for a while, and reads it to those who listen.
export function say(text) {
  let box = document.getElementById("said");
  if (!box) {
    box = el("div", { id: "said", role: "status" });
    document.body.append(box);
  }
  box.textContent = text;
  box.classList.add("shown");
  clearTimeout(box.timer);
  box.timer = setTimeout(() => box.classList.remove("shown"), 3000);
}
