// Each content's figures, and what the learner believes.

import { LEAST, byId, capped, clock, count, duration, el, isWhole, many, named, percent, redraw, reward, say, signed } from "./dashboard-dom.js";
import { spark } from "./dashboard-charts.js";

// --- contents ---

const MOST_ROWS = 12;

const isRanked = (row) => row.rewarded >= LEAST && row.reward_low !== null;

function byRank([, a], [, b]) {
  if (isRanked(a) !== isRanked(b)) return isRanked(a) ? -1 : 1;
  return isRanked(a) ? b.reward - a.reward : b.plays - a.plays;
}

export function drawContents(told) {
  const { contents, catalogue } = told;
  redraw(byId("contents"), [contents, catalogue, isWhole("contents")], () => {
    const all = Object.entries(contents).sort(byRank);
    if (!all.length) return el("p", { class: "empty" }, "Nothing has played yet.");
    const [rows, more] = capped("contents", all, MOST_ROWS, () => drawContents(told));
    const best = Math.max(0.01, ...all.filter(([, row]) => isRanked(row)).map(([, row]) => row.reward_high));
    const head = ["Content", "Plays", "Attention", "Attraction", "Reward", "Trend"];
    return [
      el(
        "table",
        { class: "contents-table" },
        el("thead", {}, el("tr", {}, ...head.map((name) => el("th", { scope: "col", class: name.toLowerCase() }, name)))),
        el("tbody", {}, ...rows.map(([name, row]) => contentRow(name, row, catalogue[name], best))),
      ),
      more,
    ].filter(Boolean);
  });
}

function contentRow(name, row, content, best) {
  const cell = (figure, ...inside) =>
    el("td", { class: figure, "data-content": name, "data-figure": figure }, ...inside);
  const way = row.trend === null || Math.abs(row.trend) < 0.005 ? "even" : row.trend > 0 ? "up" : "down";
  return el(
    "tr",
    {},
    el("th", { scope: "row" }, named(content?.title ?? name), named(content?.category ?? "", { class: "named quiet" })),
    cell("plays", count(row.plays)),
    cell("attention", row.seen ? duration(row.attention_s) : "–"),
    cell("attraction", row.impressions >= LEAST ? percent(row.attraction) : "–"),
    cell("reward", ...(isRanked(row) ? earned(row, best) : tooFew(row))),
    cell("trend", isRanked(row) ? spark(row.rewards) : null, el("span", { class: way }, signed(row.trend))),
  );
}

function earned(row, best) {
  const bar = el("span", { class: "fill" });
  bar.style.left = `${(100 * row.reward_low) / best}%`;
  bar.style.width = `${(100 * (row.reward_high - row.reward_low)) / best}%`;
  return [
    el("b", {}, reward(row.reward)),
    el("span", { class: "quiet range" }, `${reward(row.reward_low)} to ${reward(row.reward_high)}, ${many(row.rewarded, "play", "plays")}`),
    el("span", { class: "track interval", "aria-hidden": true }, bar),
  ];
}

const tooFew = (row) => [el("b", {}, "–"), el("span", { class: "quiet range" }, whyNone(row))];

function whyNone(row) {
  if (row.rewarded) return `not enough plays yet (${count(row.rewarded)})`;
  if (!row.seen) return "no audience data";
  return row.impressions ? "never chosen, only forced" : "nobody could see it";
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

export function drawBeliefs(told, anew = false) {
  const { beliefs, catalogue, timezone, policy } = told;
  const words_of = (name) => told.words?.policies?.[name] ?? name;
  const words = byId("beliefs-words");
  if (!beliefs) {
    say(words, "");
    const why = `Nothing to show. Either ${words_of(policy)} does not estimate rewards, or the screen has just started.`;
    redraw(byId("beliefs"), why, () => el("p", { class: "empty" }, why));
    return;
  }
  const { learned, segments } = beliefs;
  const { rewarded } = told;
  const knowsNothing = learned !== null && learned < LEAST;
  const isGuess = (name) => knowsNothing || (rewarded[name] ?? 0) < LEAST;
  const all = segments.flatMap(({ estimates }) => Object.values(estimates)).filter((value) => value !== null);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  say(
    words,
    `expected reward, ${reward(low)} to ${reward(high)}, at ${clock(beliefs.t_utc, timezone)}` +
      `${learned === null ? "" : `, learned from ${many(learned, "play", "plays")}`}`,
  );
  redraw(byId("beliefs"), [segments, rewarded, catalogue, isWhole("beliefs"), anew && Date.now()], () => {
    const names = Object.keys(segments[0].estimates);
    const mean = (name) => {
      const told = segments.map(({ estimates }) => estimates[name]).filter((value) => value !== null);
      return told.reduce((sum, value) => sum + value, 0) / Math.max(1, told.length);
    };
    names.sort((a, b) => isGuess(a) - isGuess(b) || mean(b) - mean(a));
    const [rows, more] = capped("beliefs", names, MOST_ROWS, () => drawBeliefs(told));
    const known = names.filter((name) => !isGuess(name));
    const bestOf = segments.map(({ estimates }) => best(known.map((name) => estimates[name] ?? -1)));
    const note = known.length === names.length ? null : el("p", { class: "quiet" }, `Hatched: a guess. Fewer than ${LEAST} plays had an audience.`);
    const table = el(
      "table",
      { class: "heat" },
      el("caption", { class: "unseen" }, "The reward that the learner expects from each content, by audience"),
      el("thead", {}, el("tr", {}, el("td"), ...segments.map(({ name }) => el("th", { scope: "col" }, name)))),
      el(
        "tbody",
        {},
        ...rows.map((name) =>
          el(
            "tr",
            { class: isGuess(name) ? "guess" : null },
            el("th", { scope: "row" }, named(catalogue[name]?.title ?? name)),
            ...segments.map(({ name: segment, estimates }, index) =>
              heatCell(name, segment, estimates[name], [low, high, isGuess(name) ? null : bestOf[index]]),
            ),
          ),
        ),
      ),
    );
    return [table, more, note].filter(Boolean);
  });
}

// The highest, where it is above all others as far as it is shown; else none is best.
function best(values) {
  const [first, second] = [...values].sort((a, b) => b - a);
  return second === undefined || reward(first) !== reward(second) ? first : null;
}

function heatCell(name, segment, value, [low, high, best]) {
  const about = { "data-belief": `${name}|${segment}` };
  if (value === null) return el("td", { ...about, class: "barred", title: "Not allowed for this audience" }, "not allowed");
  const cell = el("td", { ...about, class: value === best ? "best" : null }, reward(value));
  const { back, ink } = heat((value - low) / Math.max(0.01, high - low));
  cell.style.backgroundColor = back;
  cell.style.color = ink;
  return cell;
}
