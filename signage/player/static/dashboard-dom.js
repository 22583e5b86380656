// Elements, and texts and numbers as people read them.

// As signage/text/plain.py has it: one line, in which nothing acts or turns what stands around it.
export const plain = (text) =>
  text
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]/g, " ")
    // eslint-disable-next-line no-control-regex
    .replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, "\ufffd")
    .replace(/[\u00ad\u061c\u200b\u200e\u200f\u2060-\u2064\ufeff]/g, "");

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : plain(String(value)));
  }
  const there = children.filter((child) => child !== null && child !== undefined);
  node.append(...there.map((child) => (child instanceof Node ? child : plain(String(child)))));
  return node;
}

export const el = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);

export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, tag), attributes, children);

export const byId = (id) => document.getElementById(id);

// What was drawn for each node: it is drawn anew only when that changes, so that nothing flickers
// and the keyboard's place is kept.
const drawn = new WeakMap();

export function redraw(node, data, draw) {
  const now = JSON.stringify(data);
  if (drawn.get(node) === now) return;
  drawn.set(node, now);
  const made = draw();
  node.replaceChildren(...(Array.isArray(made) ? made : [made]));
}

export function say(node, text) {
  const said = plain(text);
  if (node.textContent !== said) node.textContent = said;
}

// Persons, or plays with people, from which on a mean or a share is shown: fewer say little, and
// look as if they said much.
export const LEAST = 10;

// A name within a sentence, which goes on after it.
export const shortened = (text, most = 60) => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text);

// What somebody else has named, in two lines at most; all of it when pointed at.
export const named = (text, attributes = {}) => el("bdi", { class: "named", title: text, ...attributes }, text);

// --- long lists ---

const whole_lists = new Set();

export const isWhole = (list) => whole_lists.has(list);

// The first rows of a list, and the button that shows all of them; `draw` draws the list anew.
export function capped(list, rows, most, draw) {
  if (rows.length <= most) return [rows, null];
  const whole = isWhole(list);
  const onclick = () => {
    if (whole) whole_lists.delete(list);
    else whole_lists.add(list);
    draw();
    document.querySelector(`[data-list="${list}"]`)?.focus();
  };
  const text = whole ? `Show the first ${most}` : `Show all ${count(rows.length)}`;
  const about = { type: "button", class: "more", "data-list": list, "aria-expanded": String(whole), onclick };
  return [whole ? rows : rows.slice(0, most), el("button", about, text)];
}

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

export const count = (n) => whole.format(n);
export function percent(share) {
  if (share === null) return "–";
  return share > 0 && share < 0.005 ? "<1\u00a0%" : `${whole.format(100 * share)}\u00a0%`;
}
export const reward = (value) => (value === null || value === undefined ? "–" : value.toFixed(2));
export const signed = (value) =>
  value === null ? "–" : `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
export const seconds = (s) => (s < 10 ? `${s.toFixed(1)} s` : `${whole.format(s)} s`);

export function duration(s) {
  if (s < 60) return `${whole.format(s)} s`;
  if (s < 3600) return `${(s / 60).toFixed(s < 600 ? 1 : 0)} min`;
  return `${(s / 3600).toFixed(s < 36000 ? 1 : 0)} h`;
}

// A time of the wall clock where the screen stands.
export function clock(utc, zone, options = { hour: "2-digit", minute: "2-digit" }) {
  const timeZone = zone ?? undefined;
  return new Intl.DateTimeFormat("en-GB", { timeZone, ...options }).format(new Date(utc));
}

export const many = (n, one, more) => `${count(n)} ${n === 1 ? one : more}`;
