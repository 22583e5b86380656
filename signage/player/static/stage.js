// Loads contents and shows them, so that the screen is never without a picture: the next one is
// decoded before the running one ends, and what is below stays until the new one has covered it.

import { ends, goesOn, newId } from "./ledger.js";
import { media } from "./media.js";
import { close, fold, prepare, whenFolded } from "./more.js";

const LOAD_TIMEOUT_MS = 4000;
// The layer below stays this long after the switch: a creative may paint late on a slow
// device, and until it does one sees through it.
const KEEP_BELOW_MS = 1200;
// A server that says nothing for so long after a play has left the page alone.
const ALONE_AFTER_MS = 5000;

const stage = document.getElementById("stage");

let tell = null; // says to the server what a play came to
let tellAlone = null; // the same, of what the server did not ask for or has given up
let away = true; // whether the server is
let running = null; // on the screen: {cue, layer, own, alone, confirmed, over, timer, started}
let pending = null; // loaded or loading for the next switch: {cue, layer, ready, timer}
let later = null; // the cue after a pending one that shows at once
let loop = []; // what is played alone: {cue, layer, ready}
let retired = []; // the same of before, as long as nothing of the new one is ready
let turn = 0;
let top = 0;
let aloneTimer = 0;

export function begin(say, sayAlone) {
  [tell, tellAlone] = [say, sayAlone];
}

export function serverIs(state) {
  away = state === "away";
  if (!away) return waitForAWord();
  fold();
  later = null;
  if (pending?.cue.adults_only) drop("failed");
  if (running && !running.over && running.confirmed) {
    running.alone = true;
    goesOn(record(running));
  }
  hideRestricted();
  if (!running || running.over) playAlone();
}

// A server that says nothing has left the page alone, too.
function waitForAWord() {
  clearTimeout(aloneTimer);
  aloneTimer = setTimeout(() => {
    if (!running || running.over) playAlone();
  }, ALONE_AFTER_MS);
}

// --- loading ---

export function take(cue) {
  if (running?.cue.decision_id === cue.decision_id) return;
  clearTimeout(aloneTimer);
  if (pending?.cue.decision_id === cue.decision_id) {
    pending.cue.now ||= cue.now;
    switchIfDue();
    return;
  }
  if (pending?.cue.now && !cue.now) {
    later = cue;
    return;
  }
  later = null;
  if (pending) drop("superseded");
  const next = { cue, layer: null, ready: false, timer: 0 };
  pending = next;
  const isCurrent = () => pending === next;
  next.timer = setTimeout(() => isCurrent() && drop("failed"), LOAD_TIMEOUT_MS);
  load(next).then(
    () => {
      if (!isCurrent()) return;
      clearTimeout(next.timer);
      next.ready = true;
      switchIfDue();
    },
    () => isCurrent() && drop("failed"),
  );
}

function takeLater() {
  const cue = later;
  later = null;
  take(cue);
}

function drop(state) {
  clearTimeout(pending.timer);
  pending.layer?.remove();
  tell(state, pending.cue.decision_id);
  pending = null;
  if (later) return takeLater();
  if (running && !running.over) return;
  if (away) playAlone();
  else waitForAWord();
}

async function load(next) {
  const { medium, url } = next.cue;
  const { layer, loaded } = media(medium, url, next.cue);
  layer.classList.add("layer");
  next.layer = layer;
  stage.append(layer);
  await Promise.all([loaded(), exists(url)]);
}

// A frame reports a missing page as loaded, so ask.
async function exists(url) {
  const answer = await fetch(url, { method: "HEAD" });
  await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
}

// What is played alone is loaded as long as there is a server, and stays. What was before it is
// played on until then.
export function setLoop(cues) {
  retired = [...loop, ...retired].filter((item) => item.ready);
  loop = cues.map((cue) => ({ cue, layer: null, ready: false }));
  turn = 0;
  for (const item of loop) {
    load(item).then(
      () => {
        item.ready = true;
        if (loop.includes(item)) retired = [];
      },
      (error) => {
        item.layer?.remove();
        console.warn(`cannot be played alone: ${error.message}`);
      },
    );
  }
}

// --- showing ---

function switchIfDue() {
  if (pending?.ready && (pending.cue.now || !running || running.over || running.own)) {
    const { cue, layer } = pending;
    pending = null;
    show({ cue, layer, own: false });
    if (later) takeLater();
  }
}

// The next one of the loop, as nobody says what to show.
function playAlone() {
  if (pending?.ready) return switchIfDue();
  const items = loop.some((item) => item.ready) ? loop : retired;
  const ready = items.filter((item) => item.ready);
  if (!ready.length) return waitForAWord();
  const { cue, layer } = ready[turn++ % ready.length];
  show({ cue: { ...cue, decision_id: newId() }, layer, own: true });
}

function show(play) {
  if (running && !running.over) end(running, "interrupted");
  close();
  const before = running?.layer;
  running = Object.assign(play, { confirmed: false, over: false, timer: 0, started: 0 });
  running.alone = play.own;
  const { layer, cue } = play;
  layer.style.zIndex = ++top;
  if (layer !== before) {
    layer.classList.add("shown");
    layer.dispatchEvent(new Event("shown"));
  }
  setTimeout(() => clearBelow(play), KEEP_BELOW_MS);
  prepare(play.own ? { ...cue, more: null } : cue, tell);
  requestAnimationFrame(() => requestAnimationFrame(() => painted(play)));
}

function painted(play) {
  if (running !== play || play.over) return;
  play.confirmed = true;
  play.started = Date.now();
  if (!play.own) tell("started", play.cue.decision_id);
  if (away) play.alone = true;
  if (play.alone) goesOn(record(play));
  play.timer = setTimeout(() => whenFolded(() => finish(play)), play.cue.duration_s * 1000);
}

function finish(play) {
  if (running !== play || play.over) return;
  end(play, "finished");
  switchIfDue();
  if (running !== play) return;
  hideRestricted();
  if (away || play.own || play.cue.adults_only) playAlone();
  else waitForAWord();
}

function end(play, state) {
  clearTimeout(play.timer);
  play.over = true;
  if (!play.confirmed) {
    // What was replaced before it was painted was never shown.
    if (!play.own) tell("superseded", play.cue.decision_id);
    return;
  }
  ends({ ...record(play), state, ended: Date.now() });
  if (play.alone) tellAlone();
  else tell(state, play.cue.decision_id);
}

function record({ cue, started }) {
  return { play_id: cue.decision_id, content_id: cue.content_id, started };
}

// Without the server, or after its play, nobody watches any more who sees it.
function hideRestricted() {
  if (!running?.cue.adults_only) return;
  if (!running.over) end(running, "interrupted");
  hide(running.layer);
  prepare({ more: null }, tell);
}

function hide(layer) {
  layer.classList.remove("shown");
  layer.dispatchEvent(new Event("hidden"));
}

function clearBelow(play) {
  if (running !== play) return;
  const alone = [...loop, ...retired].map((item) => item.layer);
  const kept = new Set([play.layer, pending?.layer, ...alone]);
  for (const layer of [...stage.children]) {
    if (!kept.has(layer)) layer.remove();
    else if (layer !== play.layer && layer.classList.contains("shown")) hide(layer);
  }
}
