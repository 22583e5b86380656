// The operator's dashboard: asks the screen every two seconds while it is looked at, and draws.
// What is asked is described in signage/player/api/dashboard.py.

import { byId, capped, clock, count, duration, el, isWhole, named, redraw, say } from "./dashboard-dom.js";
import { drawFunnel, drawHours, drawVoice } from "./dashboard-charts.js";
import { beginOrders, drawOrders } from "./dashboard-orders.js";
import { drawPeople } from "./dashboard-people.js";
import { drawPlaying } from "./dashboard-playing.js";
import { drawBeliefs, drawContents } from "./dashboard-tables.js";

const EVERY_MS = 2000;
const PATIENCE_MS = 10_000;
const FRESH_MS = 7000; // what is older than this says nothing of now
const BEHIND_S = 60; // a long journal is added up more rarely: from then on the page says how old it is
const MOST_REASONS = 6;

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
    trouble = error instanceof Refused ? `The screen refused the request: ${error.message.trim()}` : "The screen does not answer. Trying again.";
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
  byId("screen").title = told.screen_id;
  byId("simulated").hidden = !told.simulated;
  document.body.classList.toggle("simulated", Boolean(told.simulated));
  const from = clock(told.since_utc, told.timezone, { weekday: "short", hour: "2-digit", minute: "2-digit" });
  for (const words of document.querySelectorAll(".period-words")) say(words, `since ${from}`);
  drawHealth(health, told);
  if (health.orders) drawOrders(health.orders, told);
  drawPeople(audience, told);
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

const STATUS = { ok: "Running well", degraded: "Degraded", failed: "Failed" };

function drawHealth(health, told) {
  const reasons = health.reasons ?? [];
  // A screen that reports a problem is not well, whatever its status says.
  const status = health.status === "ok" && reasons.length ? "degraded" : health.status;
  sayStatus(status, STATUS[status] ?? status, reasons);
  redraw(byId("health"), [health, told.policy, ["reasons", "left-out", "failing"].map(isWhole)], () => {
    const age = health.last_decision_age_s;
    const rows = [
      ["Camera", health.camera],
      ["Frames per second", health.fps?.toFixed(1)],
      ["Frames dropped", health.dropped_frames === undefined ? undefined : count(health.dropped_frames)],
      ["Last decision", age === null || age === undefined ? "none yet" : `${count(age)} s ago`],
      ["Contents being checked", health.checking || undefined],
      ["Rewards waiting to be learned", health.learning_behind ? count(health.learning_behind) : undefined],
      ["Policy", told.words.policies[told.policy] ?? told.policy],
      ["Model", health.model_version ?? "–"],
      ["Player page", health.player_connected ? "connected" : "not connected"],
    ].filter(([, value]) => value !== undefined);
    const again = () => drawHealth(health, told);
    const complaints = reasons.map((reason) => [null, reason]);
    return [
      reasons.length ? listed("reasons", "", complaints, again) : el("p", { class: "well" }, "No problems."),
      listed("left-out", "Not playing", Object.entries(health.left_out ?? {}), again),
      listed("failing", "Failed at the last play", Object.entries(health.failing ?? {}), again),
      el("dl", {}, ...rows.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value))))),
    ].filter(Boolean);
  });
}

// Reasons, each of a content or of the whole screen.
function listed(list, heading, entries, again) {
  if (!entries.length) return null;
  const [rows, more] = capped(list, entries, MOST_REASONS, again);
  const title = (name) => newest?.told.catalogue[name]?.title ?? name;
  return el(
    "div",
    { class: "why-ill", "data-reasons": list },
    heading ? el("h3", {}, `${heading}: ${count(entries.length)}`) : null,
    el("ul", {}, ...rows.map(([name, reason]) => el("li", {}, name === null ? null : named(title(name)), name === null ? reason : ` ${reason}`))),
    more,
  );
}

// The first line of the page: how it is, and why.
function sayStatus(status, text, reasons) {
  byId("status").dataset.status = status;
  say(byId("status"), text);
  const [first = "", ...others] = reasons;
  byId("reason").hidden = !first;
  say(byId("first-reason"), first);
  byId("reason").title = reasons.join("\n");
  say(byId("more-reasons"), others.length ? `+${others.length} more` : "");
}

function drawAge() {
  const lost = byId("lost");
  const age_ms = newest === null ? null : performance.now() - newest.at;
  const old = age_ms !== null && age_ms > FRESH_MS;
  const late = trouble !== null || (age_ms !== null && age_ms > PATIENCE_MS + FRESH_MS);
  document.body.classList.toggle("stale", old || (late && age_ms === null));
  lost.hidden = !late;
  // Said once; the age beside it counts on in silence.
  if (late) say(lost, trouble ?? "The screen answers slowly. Trying again.");
  if (late) sayStatus("lost", "Connection lost", []);
  else if (old) sayStatus("lost", "Unknown", ["No answer from the screen."]);
  if (newest === null) return;
  const figures = clock(newest.told.t_utc, newest.told.timezone, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const behind_s = (Date.parse(newest.audience.t_utc) - Date.parse(newest.told.t_utc)) / 1000;
  const behind = behind_s > BEHIND_S ? `, ${duration(behind_s)} old` : "";
  say(byId("age"), late || old ? `this page is ${Math.round(age_ms / 1000)} s old` : `figures of ${figures}${behind}`);
}

// --- the page ---

beginOrders(poll);
for (const choice of document.querySelectorAll("[name=days]")) choice.addEventListener("change", poll);
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.hidden) return;
  drawAge(); // what was asked for before says nothing of now
  poll();
});
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
