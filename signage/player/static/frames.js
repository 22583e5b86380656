// Whether the contents that are pages still live. A browser runs all sandboxed frames of one server
// in one process, apart from this page: one whose script never gives back control stops them all.
// So a small frame of our own among them answers, and when it does not, all of them are taken away,
// which ends that process; the next frame gets a new one.

import { after, now } from "./clock.js";

const PULSE_MS = 500;
const SILENT_MS = 4000;
// After this much a play that ends is not taken for one that was seen to its end.
const DOUBTFUL_MS = 2500;
// A frame that came while the old process ends would end up in it.
const ENDING_MS = 300;
// The policy of the page names this text by its hash (guard.py).
const ANSWER = 'onmessage = () => parent.postMessage("pulse", "*");';

let root = null;
let frame = null;
let answered = 0;
let ticked = 0;
let act = null; // {stuck, back, hopeless}
let failures = 0;
let waiting = []; // what to do when the frames answer again

export function watchFrames(actions) {
  act = actions;
  // Apart from the contents, whoever looks for frames.
  const host = document.createElement("div");
  host.hidden = true;
  document.body.append(host);
  root = host.attachShadow({ mode: "closed" });
  renew();
  addEventListener("message", ({ source }) => {
    if (source && source === frame?.contentWindow) hear();
  });
  setInterval(tick, PULSE_MS);
}

function renew() {
  frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.srcdoc = `<script>${ANSWER}</script>`;
  root.append(frame);
  answered = ticked = now();
}

function hear() {
  answered = now();
  if (!failures) return;
  failures = 0;
  act.back();
  const due = waiting;
  waiting = [];
  for (const go of due) go();
}

function tick() {
  if (!frame) return;
  // While this page stood still itself, or is not seen, it cannot tell.
  const late = now() - ticked - PULSE_MS;
  ticked = now();
  if (document.hidden) answered = now();
  else if (late > PULSE_MS) answered += late;
  frame.contentWindow?.postMessage("pulse", "*");
  if (now() - answered >= SILENT_MS) giveUp();
}

// Ends the process that they are in.
export function giveUp() {
  if (!frame) return;
  failures += 1;
  frame.remove();
  frame = null;
  act.stuck(answered);
  after(ENDING_MS, renew);
  if (failures > 1) act.hopeless();
}

// Does it now, or as soon as frames are of use again.
export function whenAnswering(go) {
  if (failures) waiting.push(go);
  else go();
}

// Whether the pages do not answer at this moment.
export function areSilent() {
  const onTime = now() - ticked < 2 * PULSE_MS;
  return failures > 0 || (onTime && now() - answered > DOUBTFUL_MS);
}
