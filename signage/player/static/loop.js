// What the page plays over and over when it is left alone. It is loaded as long as there is a
// server, and stays.

import { after } from "./clock.js";
import { media } from "./media.js";

// What is broken may be whole again.
const RETRY_MS = 60_000;

let items = []; // {cue, medium, ready}
let retired = []; // those of before, as long as nothing of the new ones is ready
let turn = 0;
let act = null; // {place, discard, ready, failed}

export function begin(actions) {
  act = actions;
}

export function setLoop(cues) {
  const before = [...items, ...retired];
  retired = before.filter((item) => item.ready);
  for (const item of before) if (!item.ready) act.discard(item.medium);
  turn = 0;
  items = cues.map((cue) => ({ cue, medium: null, ready: false, problem: "" }));
  items.forEach(load);
}

function load(item) {
  const medium = (item.medium = media(item.cue, { keep: true }));
  medium.failed = (reason) => broke(item, reason);
  act.place(medium);
  medium.loaded.then(
    () => {
      if (item.medium !== medium || !items.includes(item)) return;
      [item.ready, item.problem] = [true, ""];
      // What is on the screen is taken away when it is covered.
      for (const old of retired) if (!isShown(old)) act.discard(old.medium);
      retired = [];
      act.ready();
    },
    (error) => item.medium === medium && broke(item, error.message),
  );
}

function isShown({ medium }) {
  return medium.layer.classList.contains("shown");
}

function broke(item, reason) {
  item.ready = false;
  item.problem = `${item.cue.content_id} ${reason}`;
  console.warn(`cannot be played alone: ${item.problem}`);
  act.failed(item.medium, reason);
  act.discard(item.medium);
  after(RETRY_MS, mend);
}

// The next one: {cue, medium}, or undefined.
export function next() {
  const ready = (items.some((item) => item.ready) ? items : retired).filter((item) => item.ready);
  return ready.length ? ready[turn++ % ready.length] : undefined;
}

export function has(medium) {
  return [...items, ...retired].some((item) => item.ready && item.medium === medium);
}

// All frames are gone.
export function loseFrames() {
  retired = retired.filter(({ cue }) => cue.medium !== "html");
  for (const item of items) if (item.cue.medium === "html") item.ready = false;
}

// Loads what is not there, as the server or the frames are back.
export function mend() {
  items.filter((item) => !item.ready && !item.medium.layer.isConnected).forEach(load);
}

// What is wrong with it, in words.
export function problem() {
  return items.find((item) => item.problem)?.problem ?? "";
}
