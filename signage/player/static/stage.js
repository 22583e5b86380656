// Loads contents and shows them, so that the screen is never without a picture: the next one is
// decoded before the running one ends, and what is below stays until the new one has covered it.

import { after, now } from "./clock.js";
import { areSilent, giveUp } from "./frames.js";
import { ends, goesOn, newId } from "./ledger.js";
import { switchMs } from "./look.js";
import * as loop from "./loop.js";
import { media } from "./media.js";
import { close, fold, prepare, whenFolded } from "./more.js";

const LOAD_TIMEOUT_MS = 4000;
// The layer below stays for so long when the new one has come in: a page may paint late on a slow
// device, and until it does one sees through it.
const PAGE_PAINTS_MS = 900;
const PAINTS_MS = 100;
// A server that says nothing for so long after a play has left the page alone.
const ALONE_AFTER_MS = 5000;
// The pages' process answers so often: what began later than this after an answer did not stop it.
const ANSWERS_MS = 600;
const HUNG = "stopped answering";

const stage = document.getElementById("stage");

let tell = null; // says to the server what a play came to
let tellAlone = null; // the same, of what the server did not ask for or has given up
let away = true; // whether the server is
let running = null; // on the screen: {cue, medium, own, alone, confirmed, over, cancel, started, due}
let pending = null; // loaded or loading for the next switch: {cue, medium, ready, cancel}
let later = null; // the cue after a pending one that shows at once
const placed = new Set(); // every medium on the stage
let top = 0;
let cancelWait = () => {};

export function begin(say, sayAlone) {
  [tell, tellAlone] = [say, sayAlone];
  loop.begin({ place, discard, ready: fillEmpty, failed: broke });
}

// Pages can be loaded again.
export function mend() {
  loop.mend();
  switchIfDue();
}

export function serverIs(state) {
  away = state === "away";
  if (!away) {
    loop.mend();
    return waitForAWord();
  }
  fold();
  later = null;
  if (pending?.cue.adults_only) drop("failed", "is for adults, and nobody can say who is there");
  if (running && !running.over && running.confirmed) {
    running.alone = true;
    goesOn(record(running));
  }
  hideRestricted();
  if (!running || running.over) playAlone();
}

// A server that says nothing has left the page alone, too.
function waitForAWord() {
  cancelWait();
  cancelWait = after(ALONE_AFTER_MS, () => {
    if (!running || running.over) playAlone();
  });
}

// --- loading ---

export function take(cue) {
  if (running?.cue.decision_id === cue.decision_id) return;
  cancelWait();
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
  load({ cue, own: false, ready: false, medium: media(cue) });
}

function load(next) {
  const { medium } = (pending = next);
  next.since = now();
  place(medium);
  medium.failed = (reason) => broke(medium, reason);
  const seconds = LOAD_TIMEOUT_MS / 1000;
  const late = () => {
    if (pending !== next) return;
    if (isPage(next) && areSilent()) giveUp();
    if (pending === next) drop("failed", `did not load within ${seconds} s`);
  };
  next.cancel = after(LOAD_TIMEOUT_MS, late);
  medium.loaded.then(
    () => {
      if (pending !== next) return;
      next.cancel();
      next.ready = true;
      switchIfDue();
    },
    (error) => pending === next && drop("failed", error.message),
  );
}

function takeLater() {
  const cue = later;
  later = null;
  take(cue);
}

function drop(state, reason) {
  const { cue, medium, cancel } = pending;
  pending = null;
  cancel();
  discard(medium);
  tell(state, cue.decision_id, { reason });
  if (later) return takeLater();
  if (running && !running.over) return;
  if (away) playAlone();
  else waitForAWord();
}

function place(medium) {
  medium.layer.classList.add("layer");
  placed.add(medium);
  stage.append(medium.layer);
}

function discard(medium) {
  placed.delete(medium);
  medium.discard();
}

// --- showing ---

export function switchIfDue() {
  if (pending?.ready && (pending.cue.now || !running || running.over || running.own)) {
    if (isHung(pending) || isHung(running)) return giveUp();
    const next = pending;
    pending = null;
    show(next);
    if (later) takeLater();
  }
}

function isPage({ cue }) {
  return cue.medium === "html";
}

// A page that does not answer is not shown, nor was it seen to its end.
function isHung(play) {
  return play && isPage(play) && !play.over && areSilent();
}

// The next one of the loop, as nobody says what to show.
function playAlone() {
  if (pending?.ready) return switchIfDue();
  const item = loop.next();
  if (!item) return waitForAWord();
  show({ cue: { ...item.cue, decision_id: newId() }, medium: item.medium, own: true });
}

function show(play) {
  if (running && !running.over) end(running, "interrupted");
  close();
  const { medium, cue } = play;
  running = Object.assign(play, { confirmed: false, over: false, started: 0, alone: play.own });
  play.cancel = () => {};
  play.due = now() + cue.duration_s * 1000;
  medium.layer.style.zIndex = ++top;
  medium.layer.classList.add("shown");
  medium.start(() => play.due - now());
  after(switchMs() + paintsMs(cue), () => clearBelow(medium));
  prepare(play.own ? { ...cue, more: null } : cue, tell);
  requestAnimationFrame(() => requestAnimationFrame(() => painted(play)));
}

function paintsMs({ medium }) {
  return medium === "html" ? PAGE_PAINTS_MS : PAINTS_MS;
}

function painted(play) {
  if (running !== play || play.over) return;
  play.confirmed = true;
  play.started = now();
  play.due = play.started + play.cue.duration_s * 1000;
  if (!play.own) tell("started", play.cue.decision_id);
  if (away) play.alone = true;
  if (play.alone) goesOn(record(play));
  play.cancel = after(play.cue.duration_s * 1000, () => whenFolded(() => finish(play)));
}

function finish(play) {
  if (running !== play || play.over) return;
  if (isHung(play)) return giveUp();
  end(play, "finished");
  switchIfDue();
  if (running !== play) return;
  hideRestricted();
  if (away || play.own || play.cue.adults_only) playAlone();
  else waitForAWord();
}

function end(play, state, reason) {
  play.cancel();
  play.over = true;
  play.medium.stop();
  const { decision_id } = play.cue;
  if (!play.confirmed) {
    // What was replaced before it was painted was never shown.
    if (!play.own) tell(state === "failed" ? state : "superseded", decision_id, { reason });
    return;
  }
  const shown_ms = now() - play.started;
  ends({ ...record(play), state, shown_ms });
  if (play.alone) tellAlone();
  else tell(state, decision_id, { reason, shown_ms });
}

function record({ cue, started }) {
  return { play_id: cue.decision_id, content_id: cue.content_id, started };
}

// --- what goes wrong ---

// A medium that is loaded, waits or is shown shows no more what it should.
function broke(medium, reason) {
  if (pending?.medium === medium) return drop("failed", reason);
  if (running?.medium !== medium) return;
  close();
  if (!running.over) end(running, "failed", reason);
  // The last picture of a film may stay until the next is there. Who knows what a page shows.
  if (isPage(running)) hide(medium);
  playAlone();
}

// No page answers any more, since about `answered`: away with all of them. The one to blame is one
// that was loading then, or else the one on the screen.
export function loseFrames(answered) {
  const lost = [...placed].filter(({ layer }) => layer.tagName === "IFRAME");
  loop.loseFrames();
  for (const { layer } of lost) layer.remove();
  const waits = pending && isPage(pending) ? pending : null;
  const blamed = waits && !waits.ready && waits.since <= answered + ANSWERS_MS;
  if (running && isPage(running) && !running.over) {
    close();
    end(running, blamed ? "interrupted" : "failed", blamed ? "" : HUNG);
  }
  if (blamed) drop("failed", HUNG);
  else if (waits) {
    waits.cancel();
    load({ cue: waits.cue, own: false, ready: false, medium: media(waits.cue) });
  }
  for (const medium of lost) discard(medium);
  fillEmpty();
}

// Something of the loop is ready: it fills a screen that shows nothing.
function fillEmpty() {
  if (running?.over && !isShown(running.medium)) playAlone();
}

// Without the server, or after its play, nobody watches any more who sees it.
function hideRestricted() {
  if (!running?.cue.adults_only) return;
  if (!running.over) end(running, "interrupted");
  hide(running.medium);
  prepare({ more: null }, tell);
}

function hide(medium) {
  medium.layer.classList.remove("shown");
  medium.stop();
  medium.rewind();
}

function clearBelow(covering) {
  if (running.medium !== covering) return;
  document.getElementById("boot")?.remove();
  for (const medium of [...placed]) {
    if (medium === covering || !isShown(medium)) continue;
    if (loop.has(medium)) hide(medium);
    else discard(medium);
  }
}

function isShown({ layer }) {
  return layer.isConnected && layer.classList.contains("shown");
}
