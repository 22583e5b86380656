// The funnel, attention by hour (uPlot), shares of voice, and small lines.

import { LEAST, byId, capped, clock, count, duration, el, isWhole, named, percent, redraw, reward, say, svg } from "./dashboard-dom.js";

// --- the funnel ---

export function drawFunnel({ funnel, by_hour: hours }) {
  // In no hour of the period was anything seen: nobody is not the same as not known.
  const blind = hours.every(isUnknown);
  const people = (n) => (blind ? "–" : count(n));
  redraw(byId("funnel"), [funnel, blind], () => {
    const { ots, watchers, held, read, held_s: s } = funnel;
    const steps = [
      ["ots", "Opportunities to see", ots, "people in view"],
      ["watchers", "Watchers", watchers, "looked at the screen"],
      ["held", "Held", held, `watched one play for ${s} s or more`],
      ["read", "Readers", read, "read the text of a play"],
    ];
    return [
      el(
        "ol",
        { class: "steps" },
        ...steps.map(([key, name, n, words]) => {
          const bar = el("span", { class: "fill" });
          bar.style.width = `${ots ? Math.max(0.5, (100 * n) / ots) : 0}%`;
          return el(
            "li",
            { class: key },
            el("span", { class: "what" }, el("b", {}, name), ` ${words}`),
            el("span", { class: "much", "data-figure": key }, people(n)),
            el("span", { class: "track" }, bar),
            el("span", { class: "quiet share" }, ots >= LEAST && key !== "ots" ? percent(n / ots) : ""),
          );
        }),
      ),
      el(
        "p",
        { class: "quiet" },
        el("span", { "data-figure": "plays" }, count(funnel.plays)),
        " plays, ",
        el("span", { "data-figure": "impressions" }, people(funnel.impressions)),
        " impressions (one person’s opportunity to see one play).",
      ),
    ];
  });
}

// --- attention by hour ---

const MOST_VOICES = 12;

let chart = null;
let shown = null;

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function hourWords(ts, zone, days) {
  const from = new Date((ts - 1800) * 1000);
  const day = days > 1 ? { weekday: "short" } : {};
  return `${clock(from, zone, { ...day, hour: "2-digit", minute: "2-digit" })} – ${clock(+from + 3600e3, zone)}`;
}

function make(box, told) {
  const { timezone: zone, days } = told;
  const ink = { stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const font = "12px ui-sans-serif, system-ui, sans-serif";
  const zero = (_u, _min, max) => [0, Math.max(1, max * 1.12)];
  return new uPlot(
    {
      width: box.clientWidth,
      height: 240,
      tzDate: (ts) => (zone ? uPlot.tzDate(new Date(ts * 1000), zone) : new Date(ts * 1000)),
      scales: { x: { range: (_u, min, max) => [min - 2400, max + 2400] }, minutes: { range: zero }, people: { range: zero } },
      cursor: { y: false, points: { size: 7 } },
      series: [
        { label: "", value: (_u, ts) => (ts === null ? "Point at an hour to see its figures" : hourWords(ts, zone, days)) },
        {
          label: "Attention, minutes",
          scale: "minutes",
          stroke: colour("--accent"),
          fill: colour("--accent-soft"),
          width: 1.5,
          paths: uPlot.paths.bars({ size: [0.66, 44], radius: 0.18 }),
          points: { show: false },
          value: (_u, value) => (value === null ? "–" : value.toFixed(1)),
        },
        {
          label: "People",
          scale: "people",
          stroke: colour("--second"),
          width: 2,
          points: { show: days === 1, size: 5, fill: colour("--card") },
          value: (_u, value) => (value === null ? "–" : count(value)),
        },
      ],
      hooks: { drawClear: [hatchUnknown] },
      axes: [
        { ...ink, font, space: days > 1 ? 84 : 56, values: (_u, ts) => ts.map((t) => clock(t * 1000, zone, days > 1 ? { weekday: "short", hour: "2-digit", minute: "2-digit" } : undefined)) },
        { ...ink, font, scale: "minutes", size: 44, values: (_u, all) => all.map((v) => (Number.isInteger(v) ? v : v.toFixed(1))) },
        { ...ink, font, scale: "people", side: 1, size: 44, grid: { show: false }, values: (_u, all) => all.map((v) => (Number.isInteger(v) ? v : "")) },
      ],
    },
    columns(told),
    box,
  );
}

// Hours in which the program did not run, or its camera did not see: nobody knows who was there.
const UNKNOWN = { no: "the camera could not see", off: "the screen was off" };
const isUnknown = (hour) => hour.seen in UNKNOWN || hour.ots === null;

const columns = ({ by_hour: hours }) => [
  hours.map((hour) => Date.parse(hour.t_utc) / 1000 + 1800), // in the middle of its hour
  hours.map((hour) => (isUnknown(hour) ? null : hour.attention_s / 60)),
  hours.map((hour) => (isUnknown(hour) ? null : hour.ots)),
];

function hatchUnknown(plot) {
  const { ctx, bbox } = plot;
  const { left, top, width, height } = bbox;
  ctx.save();
  ctx.beginPath();
  for (const hour of shown?.hours ?? []) {
    if (!isUnknown(hour)) continue;
    const from = plot.valToPos(Date.parse(hour.t_utc) / 1000, "x", true);
    const to = plot.valToPos(Date.parse(hour.t_utc) / 1000 + 3600, "x", true);
    ctx.rect(Math.max(left, from), top, Math.min(left + width, to) - Math.max(left, from), height);
  }
  ctx.clip();
  ctx.strokeStyle = colour("--hatch");
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  const step = 9 * devicePixelRatio;
  for (let x = left - height; x < left + width; x += step) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

export function drawHours(told, anew = false) {
  const box = byId("hours");
  const now = JSON.stringify(told.by_hour);
  const before = shown;
  shown = { days: told.days, now, hours: told.by_hour };
  if (anew || chart === null || before?.days !== told.days) {
    chart?.destroy();
    chart = make(box, told);
  } else if (before.now !== now) chart.setData(columns(told));
  byId("hours-unknown").hidden = !told.by_hour.some(isUnknown);
  if (chart.width !== box.clientWidth) chart.setSize({ width: box.clientWidth, height: 240 });
  const total = told.by_hour.reduce((sum, hour) => sum + (hour.attention_s ?? 0), 0);
  box.setAttribute("role", "img");
  box.setAttribute("aria-label", `Attention by hour: ${duration(total)} in total. The table below lists every hour.`);
  redraw(byId("hours-table"), told.by_hour, () => hoursTable(told));
}

function hoursTable({ by_hour: hours, timezone: zone, days }) {
  const head = ["Hour", "People", "Watchers", "Attention", "Plays", "Mean reward"];
  const rows = hours.filter((hour) => hour.plays || hour.ots || hour.seen === "no");
  const known = (hour, text) => (isUnknown(hour) ? "–" : text);
  return el(
    "table",
    {},
    el("thead", {}, el("tr", {}, ...head.map((name) => el("th", { scope: "col" }, name)))),
    el(
      "tbody",
      {},
      ...rows.reverse().map((hour) =>
        el(
          "tr",
          { "data-hour": hour.t_utc },
          el("th", { scope: "row" }, hourWords(Date.parse(hour.t_utc) / 1000 + 1800, zone, days)),
          ...[known(hour, count(hour.ots)), known(hour, count(hour.watchers)), known(hour, duration(hour.attention_s ?? 0)), count(hour.plays), hour.plays >= LEAST ? reward(hour.reward) : "–"].map(
            (text) => el("td", { title: isUnknown(hour) ? `No data: ${UNKNOWN[hour.seen] ?? ""}` : null }, text),
          ),
        ),
      ),
    ),
  );
}

// --- share of voice ---

export function drawVoice(told) {
  const { share_of_voice: voice, catalogue } = told;
  say(byId("voice-words"), `of the last ${count(voice.window_plays)} chosen plays`);
  redraw(byId("voice"), [voice, catalogue, isWhole("voice")], () => {
    const named = Object.keys(catalogue).filter((name) => !catalogue[name].mandatory);
    const all = [...new Set([...named, ...Object.keys(voice.plays)])].map((name) => {
      const { title = name, share_min: least = null, share_max: most = null } = catalogue[name] ?? {};
      const share = voice.window_plays ? (voice.plays[name] ?? 0) / voice.window_plays : 0;
      return { name, title, least, most, share };
    });
    const onePlay = voice.window_plays ? 1 / voice.window_plays : 0;
    for (const row of all) row.off = offTarget(row, onePlay);
    // What misses its target goes first: it is what somebody has to look at.
    all.sort((a, b) => Boolean(b.off) - Boolean(a.off) || b.share - a.share);
    const [rows, more] = capped("voice", all, MOST_VOICES, () => drawVoice(told));
    const full = Math.max(0.01, ...all.map(({ share, least, most }) => Math.max(share, least ?? 0, most ?? 0)));
    return [el("ul", { class: "bars" }, ...rows.map((row) => voiceRow(row, full))), more].filter(Boolean);
  });
}

const offTarget = ({ share, least, most }, onePlay) =>
  (least !== null && share < least - onePlay && "below target") || (most !== null && share > most + onePlay && "above target");

function voiceRow({ name, title, least, most, share, off }, full) {
  const across = (part) => `${(100 * part) / full}%`;
  const bar = el("span", { class: "fill" });
  bar.style.width = across(share);
  const marks = [least, most].filter((target) => target !== null).map((target) => {
    const mark = el("span", { class: "target" });
    mark.style.left = across(target);
    return mark;
  });
  const target = [least !== null && `at least ${percent(least)}`, most !== null && `at most ${percent(most)}`].filter(Boolean).join(", ");
  return el(
    "li",
    { class: off ? "off" : null },
    el("span", { class: "what" }, named(title)),
    el("span", { class: "track" }, bar, ...marks),
    el("span", { class: "much", "data-voice": name }, percent(share)),
    el("span", { class: "quiet" }, off ? `${off}: ${target}` : target),
  );
}

// --- small lines ---

export function spark(values) {
  const width = 84;
  const height = 24;
  const told = values.filter((value) => value !== null);
  const low = Math.min(...told);
  const span = Math.max(0.02, Math.max(...told) - low);
  const at = (value, index) => [
    3 + (index * (width - 6)) / (values.length - 1),
    height - 4 - ((value - low) / span) * (height - 8),
  ];
  const points = values.map((value, index) => (value === null ? null : at(value, index))).filter(Boolean);
  const last = points.at(-1);
  return svg(
    "svg",
    { class: "spark", viewBox: `0 0 ${width} ${height}`, "aria-hidden": true },
    svg("polyline", { points: points.map((point) => point.join()).join(" ") }),
    last ? svg("circle", { cx: last[0], cy: last[1], r: 2.4 }) : null,
  );
}
