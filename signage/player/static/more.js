// What unfolds beside a content for who wants to know more: built when its play begins, so that
// it is there at once.

import { media } from "./media.js";

const EDGE = 0.03; // of the screen, free on each side of the panel

let panel = null; // {element, decision_id, tell, open, medium}
let wanted = null; // what the server wants open: its play may not be on the screen yet
let waiting = []; // what to do when it is folded

// A play begins.
export function prepare({ decision_id, more, background }, tell) {
  panel?.medium?.discard();
  panel?.element.remove();
  panel = null;
  if (!more) return;
  const element = document.createElement("aside");
  element.className = "more";
  add(element, "h2", more.title);
  const medium = more.url ? media({ ...more, fit: "contain", background, sound: false }) : null;
  if (medium) {
    medium.layer.classList.add("medium");
    element.append(medium.layer);
    // The rest of the panel is of use without it.
    medium.failed = () => medium.discard();
    medium.loaded.catch(medium.failed);
  }
  for (const line of more.text?.split("\n").filter(Boolean) ?? []) add(element, "p", line);
  if (more.qr) {
    const code = new Image();
    Object.assign(code, { className: "qr", alt: "QR code", src: more.qr });
    element.append(code);
  }
  document.body.append(element);
  panel = { element, decision_id, tell, open: false, medium };
  if (wanted) unfold(wanted);
}

function add(parent, tag, text) {
  if (!text) return;
  const child = document.createElement(tag);
  child.textContent = text;
  parent.append(child);
}

export function unfold(message) {
  const { decision_id, region } = (wanted = message);
  if (panel?.decision_id !== decision_id || panel.open) return;
  panel.open = true;
  place(panel.element, region);
  panel.element.classList.add("open");
  panel.medium?.start(() => Infinity);
  const { tell } = panel;
  requestAnimationFrame(() => requestAnimationFrame(() => tell("unfolded", decision_id)));
}

export function fold() {
  wanted = null;
  close();
}

// A play ends, or its panel is to fold.
export function close() {
  if (panel?.open) {
    panel.open = false;
    panel.element.classList.remove("open");
    panel.medium?.stop();
    panel.tell("folded", panel.decision_id);
  }
  const due = waiting;
  waiting = [];
  for (const act of due) act();
}

export function whenFolded(act) {
  if (panel?.open) waiting.push(act);
  else act();
}

// Beside what is read: where there is more room, and never over it if that can be had.
function place(element, region) {
  const [left, top, right, bottom] = region ?? [0, 0, 1, 1];
  const landscape = innerWidth > innerHeight;
  const [low, high] = landscape ? [left, right] : [top, bottom];
  const [size, extent] = landscape
    ? [element.offsetWidth / innerWidth, innerWidth]
    : [element.offsetHeight / innerHeight, innerHeight];
  const after = 1 - high >= low;
  const clamp = (at, room) => Math.min(Math.max(at, EDGE), Math.max(EDGE, 1 - EDGE - room));
  const at = clamp(after ? high + EDGE : low - EDGE - size, size) * extent;
  const across = landscape ? element.offsetHeight / innerHeight : element.offsetWidth / innerWidth;
  const middle = landscape ? (top + bottom) / 2 : (left + right) / 2;
  const beside = clamp(middle - across / 2, across) * (landscape ? innerHeight : innerWidth);
  element.style.left = `${landscape ? at : beside}px`;
  element.style.top = `${landscape ? beside : at}px`;
  element.dataset.from = landscape ? (after ? "left" : "right") : after ? "top" : "bottom";
}
