// Proof of play: the plays whose end the server has not put on record yet. What the page shows
// while it is alone is also kept over a reload.

const KEY = "plays:";
const MAX_PLAYS = 5000;
// A page that has noted nothing for so long is gone: another one tells of its plays.
const GONE_MS = 60_000;
// So often an unfinished play notes that it is still seen: a reload may end it at any time.
const NOTE_MS = 2000;

export const PAGE = pageId();

const plays = new Map(); // by play_id: {play_id, content_id, state, started, ended}
let open = null; // the same of a play that goes on while nobody can be told
let timer = 0;
let number = 0;

function pageId() {
  let id = sessionStorage.getItem("page");
  if (!id) {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem("page", id);
  }
  return id;
}

// An id for a play that no decision asked for.
export function newId() {
  number += 1;
  return `${PAGE}-${Date.now().toString(36)}-${number}`;
}

// A play goes on while nobody can be told of its end.
export function goesOn(play) {
  open = { ...play, state: "interrupted", ended: Date.now() };
  clearInterval(timer);
  timer = setInterval(() => {
    open.ended = Date.now();
    save();
  }, NOTE_MS);
  save();
}

export function ends(play) {
  if (open?.play_id === play.play_id) {
    clearInterval(timer);
    open = null;
  }
  plays.set(play.play_id, play);
  if (plays.size > MAX_PLAYS) plays.delete(plays.keys().next().value);
}

export function forget(ids) {
  for (const id of ids) plays.delete(id);
  save();
}

export function untold() {
  const now = Date.now();
  const age = (at) => Math.max(0, now - at);
  return [...plays.values()].map(({ started, ended, ...play }) => ({
    ...play,
    started_age_ms: age(started),
    ended_age_ms: age(ended),
  }));
}

// In a browser without a store the plays are kept as long as the page.
export function save() {
  try {
    const all = open ? [...plays.values(), open] : [...plays.values()];
    const noted = JSON.stringify({ at: Date.now(), plays: all });
    if (all.length) localStorage.setItem(KEY + PAGE, noted);
    else localStorage.removeItem(KEY + PAGE);
  } catch (error) {
    console.warn(`plays are not kept over a reload: ${error.message}`);
  }
}

// What this page noted before a reload, and pages that are gone.
function restore() {
  for (const key of Object.keys(localStorage).filter((name) => name.startsWith(KEY))) {
    const noted = JSON.parse(localStorage.getItem(key));
    const mine = key === KEY + PAGE;
    if (!mine && Date.now() - noted.at < GONE_MS) continue;
    for (const play of noted.plays) plays.set(play.play_id, play);
    if (!mine) localStorage.removeItem(key);
  }
}

try {
  restore();
} catch (error) {
  console.warn(`plays of before are lost: ${error.message}`);
}
