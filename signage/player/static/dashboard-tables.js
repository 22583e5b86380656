// Each content's figures, and what the learner believes.

import { byId, clock, count, duration, el, percent, redraw, reward, say, signed } from "./dashboard-dom.js";
import { spark } from "./dashboard-charts.js";

// --- contents ---

export function drawContents({ contents, catalogue }) {
  redraw(byId("contents"), [contents, catalogue], () => {
    const rows = Object.entries(contents).sort((a, b) => (b[1].reward ?? -1) - (a[1].reward ?? -1));
    if (!rows.length) return el("p", { class: "empty" }, "Nothing has played yet.");
    const best = Math.max(0.01, ...rows.map(([, row]) => row.reward ?? 0));
    const head = ["Content", "Plays", "Attention", "Attraction", "Reward", "Trend"];
    return el(
      "table",
      { class: "contents-table" },
      el("thead", {}, el("tr", {}, ...head.map((name) => el("th", { scope: "col", class: name.toLowerCase() }, name)))),
      el("tbody", {}, ...rows.map(([name, row]) => contentRow(name, row, catalogue[name], best))),
    );
  });
}

function contentRow(name, row, content, best) {
  const bar = el("span", { class: "fill" });
  bar.style.width = `${(100 * (row.reward ?? 0)) / best}%`;
  const cell = (figure, ...inside) =>
    el("td", { class: figure, "data-content": name, "data-figure": figure }, ...inside);
  const way = row.trend === null || Math.abs(row.trend) < 0.005 ? "even" : row.trend > 0 ? "up" : "down";
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, content?.title ?? name, el("span", { class: "quiet" }, content?.category ?? "")),
    cell("plays", count(row.plays)),
    cell("attention", duration(row.attention_s)),
    cell("attraction", percent(row.attraction)),
    cell("reward", el("span", {}, reward(row.reward)), el("span", { class: "track" }, bar)),
    cell("trend", spark(row.rewards), el("span", { class: way }, signed(row.trend))),
  );
}

// --- the heat map ---

const PAPER = { light: [[236, 244, 242], [10, 92, 84]], dark: [[30, 46, 57], [104, 226, 209]] };
const INKS = { "#0d1b22": 0.0103, "#ffffff": 1 }; // with their luminance

// From paper to full, by lightness first, so that it also reads without colour.
function heat(share) {
  const [from, to] = PAPER[matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"];
  const back = from.map((value, index) => Math.round(value + (to[index] - value) * share));
  const [r, g, b] = back.map((value) => (value / 255 <= 0.04045 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  const contrast = (ink) => (Math.max(light, INKS[ink]) + 0.05) / (Math.min(light, INKS[ink]) + 0.05);
  const ink = Object.keys(INKS).reduce((a, b) => (contrast(b) > contrast(a) ? b : a));
  return { back: `rgb(${back.join(" ")})`, ink };
}

export function drawBeliefs({ beliefs, catalogue, timezone, policy }, anew = false) {
  const words = byId("beliefs-words");
  if (!beliefs) {
    say(words, "");
    const why = `The policy ${policy} expects no rewards, or the loop has only begun.`;
    redraw(byId("beliefs"), why, () => el("p", { class: "empty" }, why));
    return;
  }
  const { learned, segments } = beliefs;
  const all = segments.flatMap(({ estimates }) => Object.values(estimates)).filter((value) => value !== null);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  say(
    words,
    `the reward it expects, ${reward(low)} to ${reward(high)}, ` +
      `${learned === null ? "" : `after ${count(learned)} lessons, `}as of ${clock(beliefs.t_utc, timezone)}`,
  );
  redraw(byId("beliefs"), [segments, catalogue, anew && Date.now()], () => {
    const names = Object.keys(segments[0].estimates);
    const mean = (name) => {
      const told = segments.map(({ estimates }) => estimates[name]).filter((value) => value !== null);
      return told.reduce((sum, value) => sum + value, 0) / Math.max(1, told.length);
    };
    names.sort((a, b) => mean(b) - mean(a));
    const bestOf = segments.map(({ estimates }) => Math.max(...Object.values(estimates).map((value) => value ?? -1)));
    return el(
      "table",
      { class: "heat" },
      el("caption", { class: "unseen" }, "The reward that the learner expects of each content, before each audience"),
      el("thead", {}, el("tr", {}, el("td"), ...segments.map(({ name }) => el("th", { scope: "col" }, name)))),
      el(
        "tbody",
        {},
        ...names.map((name) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, catalogue[name]?.title ?? name),
            ...segments.map(({ name: segment, estimates }, index) =>
              heatCell(name, segment, estimates[name], [low, high, bestOf[index]]),
            ),
          ),
        ),
      ),
    );
  });
}

function heatCell(name, segment, value, [low, high, best]) {
  const about = { "data-belief": `${name}|${segment}` };
  if (value === null) return el("td", { ...about, class: "barred", title: "This audience must not see it" }, "not allowed");
  const cell = el("td", { ...about, class: value === best ? "best" : null }, reward(value));
  const { back, ink } = heat((value - low) / Math.max(0.01, high - low));
  cell.style.backgroundColor = back;
  cell.style.color = ink;
  return cell;
}
