// Numbers and times as a person reads them.

export function money(usd) {
  if (usd === null || usd === undefined) return "?";
  if (usd === 0) return "$0";
  const a = Math.abs(usd);
  const digits = a >= 1 ? 2 : a >= 0.1 ? 3 : a >= 0.001 ? 4 : 6;
  return (usd < 0 ? "\u2212" : "") + "$" + a.toLocaleString("en-US", { minimumFractionDigits: Math.min(digits, 3) === digits ? digits : 0, maximumFractionDigits: digits });
}

export function short(n) {
  if (n === null || n === undefined) return "?";
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(n) >= size) return (n / size).toFixed(Math.abs(n) >= 100 * size ? 0 : 1) + unit;
  }
  return String(n);
}

export function whole(n) {
  return Number(n || 0).toLocaleString("en-US");
}

export function span(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms < 10000) return (ms / 1000).toFixed(1) + "s";
  const s = Math.round(ms / 1000);
  if (s < 60) return s + "s";
  if (s < 3600) return Math.floor(s / 60) + "m" + (s % 60 ? " " + (s % 60) + "s" : "");
  if (s < 86400) return Math.floor(s / 3600) + "h" + (s % 3600 >= 60 ? " " + Math.floor((s % 3600) / 60) + "m" : "");
  return Math.floor(s / 86400) + "d" + (s % 86400 >= 3600 ? " " + Math.floor((s % 86400) / 3600) + "h" : "");
}

export function bytes(n) {
  for (const [size, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
    if (n >= size) return (n / size).toFixed(n >= 10 * size ? 0 : 1) + " " + unit;
  }
  return n + " B";
}

export function count(n, what) {
  return whole(n) + " " + what + (n === 1 ? "" : "s");
}

// spaced is a kind in words: cache_rewrite is cache rewrite.
export function spaced(text) {
  return String(text).replaceAll("_", " ");
}

const two = (n) => String(n).padStart(2, "0");

// day is a day in the time zone of the reader, the year where it is not this one's.
export function moment(iso, seconds) {
  const t = new Date(iso);
  if (isNaN(t)) return "";
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const year = t.getFullYear() === new Date().getFullYear() ? "" : " " + t.getFullYear();
  return t.getDate() + " " + months[t.getMonth()] + year + " " + two(t.getHours()) + ":" + two(t.getMinutes()) + (seconds ? ":" + two(t.getSeconds()) : "");
}
