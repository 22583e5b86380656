// Proof of play: the plays whose end the server has not put on record yet. What the page shows
// while it is alone is also kept over a reload. Times are of the page's own clock, which nobody can
// set; the clock on the wall only says how long a reload took.

import { now } from "./clock.js";

const KEY = "plays:";
const MAX_PLAYS = 5000;
// A page that has noted nothing for so long is gone: another one tells of its plays.
const GONE_MS = 60_000;
// So often an unfinished play notes that it is still seen: a reload may end it at any time.
const NOTE_MS = 2000;

export const PAGE = pageId();

const plays = new Map(); // by play_id: {play_id, content_id, state, shown_ms, ended}
let open = null; // a play that goes on while nobody can be told: {play_id, content_id, started}
let timer = 0;

function pageId() {
  let id = sessionStorage.getItem("page");
  if (!id) {
    id = newId();
    sessionStorage.setItem("page", id);
  }
  return id;
}

// An id that never comes again, such as that of a play that no decision asked for.
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A play goes on while nobody can be told of its end.
export function goesOn(play) {
  open = play;
  clearInterval(timer);
  timer = setInterval(save, NOTE_MS);
  save();
}

// A play has ended now, after it was shown for `shown_ms`.
export function ends({ play_id, content_id, state, shown_ms }) {
  if (open?.play_id === play_id) {
    clearInterval(timer);
    open = null;
  }
  plays.set(play_id, { play_id, content_id, state, shown_ms, ended: now() });
  if (plays.size > MAX_PLAYS) plays.delete(plays.keys().next().value);
}

export function forget(ids) {
  for (const id of ids) plays.delete(id);
  save();
}

export function untold() {
  return [...plays.values()].map(aged);
}

function aged({ ended, shown_ms, ...play }) {
  const ended_age_ms = Math.max(0, now() - ended);
  return { ...play, started_age_ms: ended_age_ms + shown_ms, ended_age_ms };
}

// In a browser without a store the plays are kept as long as the page.
export function save() {
  try {
    const all = untold();
    if (open) {
      const { started, ...play } = open;
      const shown_ms = now() - started;
      all.push(aged({ ...play, state: "interrupted", shown_ms, ended: now() }));
    }
    const noted = JSON.stringify({ at: Date.now(), plays: all });
    if (all.length) localStorage.setItem(KEY + PAGE, noted);
    else localStorage.removeItem(KEY + PAGE);
  } catch (error) {
    console.warn(`plays are not kept over a reload: ${error.message}`);
  }
}

// What this page noted before a reload, and pages that are gone.
function restore(key) {
  const noted = JSON.parse(localStorage.getItem(key));
  const passed = Date.now() - noted.at; // less than nothing where the clock was set back
  const mine = key === KEY + PAGE;
  if (!mine && passed >= 0 && passed < GONE_MS) return;
  for (const { started_age_ms, ended_age_ms, ...play } of noted.plays) {
    const shown_ms = started_age_ms - ended_age_ms;
    if (Number.isFinite(shown_ms)) {
      const ended = now() - ended_age_ms - Math.max(0, passed);
      plays.set(play.play_id, { ...play, shown_ms, ended });
    }
  }
  if (!mine) localStorage.removeItem(key);
}

function restoreAll() {
  for (const key of Object.keys(localStorage).filter((name) => name.startsWith(KEY))) {
    try {
      restore(key);
    } catch (error) {
      console.warn(`plays of before are lost: ${error.message}`);
      localStorage.removeItem(key);
    }
  }
}

try {
  restoreAll();
} catch (error) {
  console.warn(`plays are not kept over a reload: ${error.message}`);
}
