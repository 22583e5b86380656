// The page on the screen: shows what the server asks for and confirms what was shown.
// The protocol is described in signage/player/server.py.

const LOAD_TIMEOUT_MS = 4000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5000;
// The layer below stays this long after the fade: a creative may paint late on a slow
// device, and until it does one sees through it.
const KEEP_BELOW_MS = 1200;
const MAX_UNSENT = 32;

const stage = document.getElementById("stage");
const point = document.getElementById("point");

let running = null; // on the screen: {cue, layer, confirmed, over, timer}
let pending = null; // loaded or loading for the next swap: {cue, layer, ready, timer}

// --- what is said to the server ---

let socket = null;
let retryMs = FIRST_RETRY_MS;
const unsent = [];

function tell(type, cue) {
  unsent.push({ type, decision_id: cue.decision_id, at: performance.now() });
  if (unsent.length > MAX_UNSENT) unsent.shift();
  flush();
}

function flush() {
  while (unsent.length && socket?.readyState === WebSocket.OPEN) {
    const { type, decision_id, at } = unsent.shift();
    socket.send(JSON.stringify({ type, decision_id, age_ms: performance.now() - at }));
  }
}

function pageId() {
  let id = sessionStorage.getItem("page");
  if (!id) {
    const bytes = crypto.getRandomValues(new Uint8Array(12));
    id = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    sessionStorage.setItem("page", id);
  }
  return id;
}

function connect() {
  const url = new URL("/ws/player", location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("page", pageId());
  socket = new WebSocket(url);
  socket.onopen = () => {
    retryMs = FIRST_RETRY_MS;
    flush();
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "show") take(message);
    else if (message.type === "point") showPoint(message);
  };
  socket.onclose = () => {
    // The picture stays while we are away.
    hideRestricted();
    setTimeout(connect, retryMs);
    retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
  };
}

// --- loading ---

function take(cue) {
  if (running?.cue.decision_id === cue.decision_id) return;
  if (pending?.cue.decision_id === cue.decision_id) {
    pending.cue.now ||= cue.now;
    swapIfDue();
    return;
  }
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
      swapIfDue();
    },
    () => isCurrent() && drop("failed"),
  );
}

function drop(state) {
  clearTimeout(pending.timer);
  pending.layer?.remove();
  tell(state, pending.cue);
  pending = null;
}

async function load(next) {
  const { medium, url } = next.cue;
  // A frame reports a missing page as loaded, so ask first.
  const answer = await fetch(url, { method: "HEAD" });
  await answer.text();
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  if (next !== pending) return;
  const { layer, loaded } = { html: frame, image: picture, video: film }[medium](url);
  layer.classList.add("layer");
  next.layer = layer;
  stage.append(layer);
  await loaded();
}

function once(target, event) {
  return new Promise((resolve, reject) => {
    target.addEventListener(event, resolve, { once: true });
    target.addEventListener("error", reject, { once: true });
  });
}

function frame(url) {
  const layer = document.createElement("iframe");
  layer.sandbox = "allow-scripts";
  layer.src = url;
  const loaded = once(layer, "load");
  return { layer, loaded: () => loaded };
}

function picture(url) {
  const layer = new Image();
  layer.alt = "";
  layer.src = url;
  return { layer, loaded: () => layer.decode() };
}

function film(url) {
  const layer = document.createElement("video");
  Object.assign(layer, { muted: true, playsInline: true, loop: true, preload: "auto", src: url });
  const loaded = once(layer, "canplay");
  return { layer, loaded: () => loaded };
}

// --- showing ---

function swapIfDue() {
  if (pending?.ready && (pending.cue.now || !running || running.over)) swap();
}

function swap() {
  const play = { cue: pending.cue, layer: pending.layer, confirmed: false, over: false, timer: 0 };
  if (running && !running.over) {
    clearTimeout(running.timer);
    // What was replaced before it was painted was never shown.
    tell(running.confirmed ? "interrupted" : "superseded", running.cue);
  }
  pending = null;
  running = play;
  play.layer.classList.add("shown");
  if (play.layer instanceof HTMLVideoElement) play.layer.play().catch(() => {});
  setTimeout(() => clearBelow(play.layer), KEEP_BELOW_MS);
  requestAnimationFrame(() => requestAnimationFrame(() => painted(play)));
}

function painted(play) {
  if (running !== play) return;
  play.confirmed = true;
  tell("started", play.cue);
  play.timer = setTimeout(() => {
    play.over = true;
    tell("finished", play.cue);
    swapIfDue();
    if (running === play) hideRestricted();
  }, play.cue.duration_s * 1000);
}

// Without the server, or after its play, nobody watches any more who sees it.
function hideRestricted() {
  if (running?.cue.adults_only) running.layer.classList.remove("shown");
}

// A point to look at, while the eyes are calibrated.
function showPoint({ x, y }) {
  point.hidden = x === undefined;
  if (point.hidden) return;
  point.style.left = `${100 * x}%`;
  point.style.top = `${100 * y}%`;
}

function clearBelow(layer) {
  while (layer.isConnected && layer.previousElementSibling) layer.previousElementSibling.remove();
}

// The token has become a cookie by now; it need not stand in the address.
if (location.search) history.replaceState(null, "", location.pathname);
connect();
