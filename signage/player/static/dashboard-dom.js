// Elements, and numbers as people write them.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
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
  if (node.textContent !== text) node.textContent = text;
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
