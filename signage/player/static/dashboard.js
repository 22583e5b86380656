// The operator's dashboard: asks the screen every two seconds while it is looked at, and draws.
// What is asked is described in signage/player/dashboard.py.

import { byId, clock, el, redraw, say } from "./dashboard-dom.js";
import { drawFunnel, drawHours, drawVoice } from "./dashboard-charts.js";
import { beginOrders, drawOrders } from "./dashboard-orders.js";
import { drawPeople } from "./dashboard-people.js";
import { drawPlaying } from "./dashboard-playing.js";
import { drawBeliefs, drawContents } from "./dashboard-tables.js";

const EVERY_MS = 2000;
const PATIENCE_MS = 10_000;
const LATE_MS = 5000;

let newest = null; // {health, audience, decisions, told, at}
let timer = 0;
let trouble = null;
let asking = null;

const days = () => document.querySelector("[name=days]:checked").value;

// --- asking ---

class Refused extends Error {}

async function ask(path, signal) {
  const answer = await fetch(path, { signal });
  if (answer.status === 401 || answer.status === 421) throw new Refused(await answer.text());
  if (!answer.ok && path !== "/health") throw new Error(`${path}: ${answer.status}`);
  return answer.json(); // a failed screen answers /health with 503, and says why
}

async function poll() {
  clearTimeout(timer);
  asking?.abort();
  const mine = (asking = new AbortController());
  const patience = setTimeout(() => mine.abort(), PATIENCE_MS);
  const asked = ["/health", "/api/audience", "/api/decisions?limit=6", `/api/dashboard?days=${days()}`];
  try {
    const [health, audience, decisions, told] = await Promise.all(asked.map((path) => ask(path, mine.signal)));
    newest = { health, audience, decisions, told, at: performance.now() };
    trouble = null;
    draw();
  } catch (error) {
    if (asking !== mine) return; // a newer one asks
    if (!(error instanceof Refused || error instanceof TypeError || error.name === "AbortError")) console.error(error);
    trouble = error instanceof Refused ? `The screen refuses: ${error.message.trim()}` : "The screen does not answer. Trying again.";
  } finally {
    clearTimeout(patience);
    if (asking === mine && !document.hidden) timer = setTimeout(poll, EVERY_MS);
  }
  drawAge();
}

// --- drawing ---

function draw(anew = false) {
  if (newest === null) return;
  const { health, audience, decisions, told } = newest;
  say(byId("screen"), told.screen_id);
  const from = clock(told.since_utc, told.timezone, { weekday: "short", hour: "2-digit", minute: "2-digit" });
  for (const words of document.querySelectorAll(".period-words")) say(words, `since ${from}`);
  drawHealth(health, told);
  if (health.orders) drawOrders(health.orders, told);
  drawPeople(audience, told.places);
  drawPlaying(decisions, told);
  drawFunnel(told);
  drawHours(told, anew);
  drawContents(told);
  drawVoice(told);
  drawBeliefs(told, anew);
  drawExperiment(told.experiment);
}

function drawExperiment(experiment) {
  say(byId("experiment-words"), experiment ? `${experiment.name}: ${experiment.arms.join(" against ")}` : "");
  say(byId("experiment"), experiment ? experiment.summary : "No experiment is running.");
  byId("experiment").classList.toggle("quiet", !experiment);
}

function drawHealth(health, told) {
  const pill = byId("status");
  pill.dataset.status = health.status;
  say(pill, { ok: "All is well", degraded: "Degraded", failed: "Failed" }[health.status] ?? health.status);
  redraw(byId("health"), health, () => {
    const age = health.last_decision_age_s;
    const rows = [
      ["Camera", health.camera],
      ["Frames a second", health.fps?.toFixed(1)],
      ["Frames dropped", health.dropped_frames],
      ["Last decision", age === null || age === undefined ? "none yet" : `${Math.round(age)} s ago`],
      ["Policy", told.policy],
      ["Model", health.model_version ?? "–"],
      ["A page shows it", health.player_connected ? "yes" : "no"],
    ].filter(([, value]) => value !== undefined);
    const reasons = health.reasons ?? [];
    return [
      reasons.length
        ? el("ul", { class: "why-ill" }, ...reasons.map((reason) => el("li", {}, reason)))
        : el("p", { class: "well" }, "Nothing to complain of."),
      el("dl", {}, ...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value))))),
    ];
  });
}

function drawAge() {
  const lost = byId("lost");
  const age_ms = newest === null ? null : performance.now() - newest.at;
  const late = trouble !== null || (age_ms !== null && age_ms > PATIENCE_MS + LATE_MS);
  document.body.classList.toggle("stale", late && (age_ms === null || age_ms > LATE_MS));
  lost.hidden = !late;
  if (late) {
    // Said once; the age beside it counts on in silence.
    say(lost, trouble ?? "The screen answers late. Trying again.");
    byId("status").dataset.status = "lost";
    say(byId("status"), "Connection lost");
  }
  if (newest === null) return;
  const figures = clock(newest.told.t_utc, newest.told.timezone, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  say(byId("age"), late ? `what you see is ${Math.round(age_ms / 1000)} s old` : `figures of ${figures}`);
}

// --- the page ---

beginOrders(poll);
for (const choice of document.querySelectorAll("[name=days]")) choice.addEventListener("change", poll);
document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(timer) : poll()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(true));
let width = document.documentElement.clientWidth;
new ResizeObserver(() => {
  if (width === document.documentElement.clientWidth) return;
  width = document.documentElement.clientWidth;
  draw();
}).observe(document.documentElement);
setInterval(drawAge, 1000);

// The token has become a cookie by now; it need not stand in the address.
if (location.search) history.replaceState(null, "", location.pathname);
poll();
