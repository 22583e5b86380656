// The page on the screen: what the server says, and what is said to it.
// The protocol is described in signage/player/messages.py. What is shown is done in stage.js.

import { now } from "./clock.js";
import { watchFrames } from "./frames.js";
import * as ledger from "./ledger.js";
import { setUp, showPoint } from "./look.js";
import * as loop from "./loop.js";
import { fold, unfold } from "./more.js";
import * as stage from "./stage.js";

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5000;
const MAX_UNSENT = 32;
const MAX_REASON = 300;
// So many plays are told before the first of them has to be on record.
const MAX_TOLD = 200;
// So often the page says that it lives.
const PULSE_MS = 5000;
// A page that was opened anew is not opened anew again before this.
const FRESH_MS = 60_000;

// Whether this is the page on the screen, and not one that looks on from elsewhere.
const asked = new URLSearchParams(location.search).has("screen");
if (asked) sessionStorage.setItem("screen", "yes");
const SCREEN = sessionStorage.getItem("screen") === "yes";

let socket = null;
let retryMs = FIRST_RETRY_MS;
const unsent = [];
const told = new Set(); // plays whose end was told on this connection and is not on record yet

const isOpen = () => socket?.readyState === WebSocket.OPEN;

function send(message) {
  socket.send(JSON.stringify({ ...message, sent_ms: now() }));
}

// A play reached the state `type` just now. `more` says for how long it was shown, and why it failed.
function tell(type, decision_id, { reason, ...more } = {}) {
  if (reason) more.reason = reason.slice(0, MAX_REASON);
  unsent.push({ type, decision_id, at: now(), ...more });
  if (more.shown_ms !== undefined) told.add(decision_id);
  if (unsent.length > MAX_UNSENT) unsent.shift();
  flush();
}

function flush() {
  while (unsent.length && isOpen()) {
    const { at, ...message } = unsent.shift();
    send({ ...message, age_ms: now() - at });
  }
}

// What the server has not put on record is told, and told again on every connection.
function tellAlone() {
  ledger.save();
  if (!isOpen()) return;
  for (const play of ledger.untold()) {
    if (told.size >= MAX_TOLD) return;
    if (told.has(play.play_id)) continue;
    told.add(play.play_id);
    send({ type: "alone", ...play });
  }
}

// --- whether the page is well ---

let drawn = now(); // when the browser last drew the page

function look() {
  requestAnimationFrame(() => {
    drawn = now();
  });
  if (!isOpen()) return;
  const problem = loop.problem().slice(0, MAX_REASON);
  const visible = !document.hidden;
  const drawn_age_ms = Math.max(0, now() - drawn);
  send({ type: "pulse", screen: SCREEN, visible, drawn_age_ms, problem });
}

// A browser that cannot show a page any more may do so when all is opened anew.
function openAnew() {
  if (now() < FRESH_MS) return;
  ledger.save();
  location.reload();
}

// --- the connection ---

const TAKE = {
  setup(message) {
    setUp(message);
    loop.setLoop(message.loop);
  },
  show: stage.take,
  unfold,
  fold,
  point: showPoint,
  kept({ play_ids }) {
    ledger.forget(play_ids);
    for (const id of play_ids) told.delete(id);
    tellAlone();
  },
};

function connect() {
  const url = new URL("/ws/player", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("page", ledger.PAGE);
  socket = new WebSocket(url);
  socket.onopen = () => {
    retryMs = FIRST_RETRY_MS;
    told.clear();
    look();
    stage.serverIs("back");
    tellAlone();
    flush();
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    TAKE[message.type]?.(message);
  };
  socket.onclose = () => {
    // What was said and never acknowledged counts as not said: it is in the ledger.
    unsent.length = 0;
    stage.serverIs("away");
    ledger.save();
    setTimeout(connect, retryMs);
    retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
  };
}

// The token has become a cookie by now; it need not stand in the address.
if (location.search) history.replaceState(null, "", location.pathname);
stage.begin(tell, tellAlone);
watchFrames({ stuck: stage.loseFrames, back: stage.mend, hopeless: openAnew });
setInterval(look, PULSE_MS);
connect();
