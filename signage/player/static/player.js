// The page on the screen: what the server says, and what is said to it.
// The protocol is described in signage/player/messages.py. What is shown is done in stage.js.

import * as ledger from "./ledger.js";
import { setUp, showPoint } from "./look.js";
import { fold, unfold } from "./more.js";
import * as stage from "./stage.js";

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5000;
const MAX_UNSENT = 32;
// So many plays are told before the first of them has to be on record.
const MAX_TOLD = 200;

let socket = null;
let retryMs = FIRST_RETRY_MS;
const unsent = [];
const told = new Set(); // plays whose end was told on this connection and is not on record yet

const isOpen = () => socket?.readyState === WebSocket.OPEN;

function tell(type, decision_id) {
  unsent.push({ type, decision_id, at: performance.now() });
  if (type === "finished" || type === "interrupted") told.add(decision_id);
  if (unsent.length > MAX_UNSENT) unsent.shift();
  flush();
}

function flush() {
  while (unsent.length && isOpen()) {
    const { type, decision_id, at } = unsent.shift();
    socket.send(JSON.stringify({ type, decision_id, age_ms: performance.now() - at }));
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
    socket.send(JSON.stringify({ type: "alone", ...play }));
  }
}

const TAKE = {
  setup(message) {
    setUp(message);
    stage.setLoop(message.loop);
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
connect();
