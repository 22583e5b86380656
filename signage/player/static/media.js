// One element for each medium: when it can be painted, when it plays, and what goes wrong with it.
//
// A medium has {layer, loaded, start, stop, discard, failed}. `loaded` is a promise; `start(rest)`
// begins it from its beginning, with the milliseconds that its play has left; `stop` ends what
// moves and sounds; `failed` is called with the reason if it breaks after it was loaded.

import { now } from "./clock.js";
import { whenAnswering } from "./frames.js";

// A film that has not moved on for so long stands still.
const STALL_MS = 4000;
const WATCH_MS = 500;
// A film that ends by so much before its length was cut short.
const EARLY_S = 1;
// With less time left than this a film does not begin anew.
const AGAIN_MS = 250;

async function fetched(url) {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`could not be loaded: the server answers ${answer.status}`);
  return answer.blob();
}

function nothing() {}

// --- a page ---

function frame({ url }) {
  const layer = document.createElement("iframe");
  layer.sandbox = "allow-scripts";
  let loads = 0;
  const made = { layer, start: nothing, stop: nothing, failed: nothing };
  const painted = new Promise((resolve) => {
    layer.addEventListener("load", () => {
      if (!layer.src) return; // empty as yet
      loads += 1;
      if (loads === 1) resolve();
      // What it shows now is not what was checked: an error of the browser, in most cases.
      else made.failed("left its page");
    });
  });
  whenAnswering(() => {
    layer.src = url;
  });
  made.discard = () => layer.remove();
  made.loaded = Promise.all([painted, exists(url)]);
  return made;
}

// A frame reports a missing page as loaded, so ask.
async function exists(url) {
  const answer = await fetch(url, { method: "HEAD" });
  await answer.text();
  if (!answer.ok) throw new Error(`could not be loaded: the server answers ${answer.status}`);
}

// --- a picture ---

// Every play has an address of its own: a browser shows one address as one picture, and one that
// moves would go on from where it was.
function picture({ url }) {
  const layer = new Image();
  layer.alt = "";
  layer.decoding = "sync";
  let copy = null;
  const renew = async () => {
    const address = URL.createObjectURL(copy);
    layer.src = address;
    await layer.decode();
    URL.revokeObjectURL(address);
  };
  const load = async () => {
    copy = await fetched(url);
    await renew().catch(() => {
      throw new Error("is no picture that the browser can show");
    });
  };
  let played = false;
  return {
    layer,
    loaded: load(),
    start: () => {
      played = true;
    },
    stop: nothing,
    // For its next play.
    rewind: () => {
      if (played) renew().catch(nothing); // the same bytes were decoded before
      played = false;
    },
    discard: () => layer.remove(),
    failed: nothing,
  };
}

// --- a film ---

function film({ url, sound }, keep) {
  const layer = document.createElement("video");
  Object.assign(layer, { muted: !sound, playsInline: true, preload: "auto" });
  const made = { layer, failed: nothing };
  let address = "";
  let watch = 0;
  let length = Infinity;
  let begun = 0;
  let rest = () => 0;
  const seconds = () => `${layer.currentTime.toFixed(1)} s`;
  const broke = (reason) => {
    made.stop();
    made.failed(reason);
  };
  const load = async () => {
    // What is to play without the server is here as a whole.
    if (keep) address = URL.createObjectURL(await fetched(url));
    await new Promise((resolve, reject) => {
      layer.addEventListener("canplay", resolve, { once: true });
      layer.addEventListener("error", () => {
        reject(new Error(`is no film that the browser can play${explained(layer.error)}`));
      });
      layer.src = address || url;
    });
    length = layer.duration;
    layer.addEventListener("error", () => broke(`stopped at ${seconds()}${explained(layer.error)}`));
    layer.addEventListener("ended", () => {
      // It says itself that it has reached its end, also where its file breaks off.
      const seen = (now() - begun) / 1000;
      if (seen < length - EARLY_S) broke(`ended at ${seen.toFixed(1)} s of ${length.toFixed(1)} s`);
      else if (watch && rest() > AGAIN_MS) again();
    });
  };
  const again = () => {
    begun = now();
    begin(layer);
  };
  made.start = (left) => {
    rest = left;
    again();
    clearInterval(watch);
    watch = watchStill(layer, () => broke(`stood still at ${seconds()}`));
  };
  made.stop = () => {
    clearInterval(watch);
    watch = 0;
    layer.pause();
  };
  made.discard = () => {
    made.stop();
    made.failed = nothing;
    layer.remove();
    // Without a source it gives back its decoder at once.
    layer.removeAttribute("src");
    layer.load();
    URL.revokeObjectURL(address);
  };
  made.loaded = load();
  return made;
}

function begin(layer) {
  layer.currentTime = 0;
  layer.play().catch(() => {
    // A browser that allows no sound before somebody has touched the page.
    layer.muted = true;
    layer.play().catch((error) => console.warn(`a film does not play: ${error.message}`));
  });
}

function watchStill(layer, act) {
  let at = -1;
  let since = now();
  return setInterval(() => {
    if (document.hidden || layer.ended || layer.currentTime !== at) {
      at = layer.currentTime;
      since = now();
    } else if (now() - since > STALL_MS) act();
  }, WATCH_MS);
}

function explained(error) {
  return error?.message ? ` (${error.message})` : "";
}

// With `keep` it can be played over and over without the server.
export function media(cue, { keep = false } = {}) {
  const made = { html: frame, image: picture, video: film }[cue.medium](cue, keep);
  made.rewind ??= nothing;
  made.loaded.catch(nothing); // whoever waits for it is told, too
  if (cue.medium !== "html") {
    made.layer.style.objectFit = cue.fit;
    if (cue.background) made.layer.style.backgroundColor = cue.background;
  }
  return made;
}
