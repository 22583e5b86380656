// What is on the screen, and why this one.

import { byId, clock, el, named, percent, redraw, reward, say, shortened, signed } from "./dashboard-dom.js";

const SHOWN = 4; // of what might have played instead
const REASONS = 2; // for it, and against it
const PREVIEW_PX = 1280; // a creative is laid out for about this width

function preview(content, ratio) {
  const box = el("div", { class: "preview" });
  box.style.aspectRatio = String(ratio);
  const about = { class: "guest", tabindex: -1, "aria-hidden": true };
  if (content.medium === "image") box.append(el("img", { ...about, alt: "", src: content.url }));
  else if (content.medium === "video") {
    const film = el("video", { ...about, src: content.url, loop: true, playsinline: true });
    film.muted = true;
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) film.autoplay = true;
    box.append(film);
  } else {
    const frame = el("iframe", { ...about, sandbox: "allow-scripts", src: content.url });
    frame.style.width = `${PREVIEW_PX}px`;
    frame.style.height = `${PREVIEW_PX / ratio}px`;
    new ResizeObserver(() => {
      frame.style.transform = `scale(${box.clientWidth / PREVIEW_PX})`;
    }).observe(box);
    box.append(frame);
  }
  return box;
}

function alternatives(play, title) {
  const all = Object.entries(play.eligible).sort((a, b) => b[1] - a[1]);
  const chosen = all.findIndex(([name]) => name === play.content_id);
  const rows = all.slice(0, SHOWN);
  if (chosen >= SHOWN) rows[SHOWN - 1] = all[chosen];
  const most = all[0][1];
  return el(
    "ul",
    { class: "bars", "aria-label": "What could have played, and how likely each was" },
    ...rows.map(([name, probability]) => {
      const bar = el("span", { class: "fill" });
      bar.style.width = `${(100 * probability) / most}%`;
      const expected = play.estimates[name];
      return el(
        "li",
        { class: name === play.content_id ? "chosen" : null },
        el("span", { class: "what" }, named(title(name))),
        el("span", { class: "track" }, bar),
        el("span", { class: "much" }, percent(probability)),
        el("span", { class: "quiet" }, expected === undefined ? "" : `expected ${reward(expected)}`),
      );
    }),
    all.length > SHOWN ? el("li", { class: "quiet rest" }, `and ${all.length - SHOWN} more`) : null,
  );
}

function reasons(play) {
  const all = play.words?.reasons ?? [];
  const told = [1, -1].flatMap((sign) => all.filter(([, value]) => value * sign > 0).slice(0, REASONS));
  if (!told.length) return null;
  return el(
    "ul",
    { class: "reasons", "aria-label": "What spoke for it and against it" },
    ...told.map(([name, value]) =>
      el("li", { class: value > 0 ? "for" : "against" }, named(name), " ", el("b", {}, signed(value))),
    ),
  );
}

export function drawPlaying(decisions, told) {
  const running = decisions.find((decision) => decision.state === "started");
  // A picture stays until the next is there.
  const play = running ?? decisions.find((decision) => decision.started_utc !== null);
  const next = decisions[0]?.state === "asked" ? decisions[0] : null;
  const title = (name) => told.catalogue[name]?.title ?? name;
  const zone = told.timezone;
  const time = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
  const state = play ? `${running ? "since" : "ended, started at"} ${clock(play.started_utc, zone, time)}` : "";
  say(byId("playing-state"), next ? `${state}${state ? ", " : ""}next: ${shortened(title(next.content_id))}` : state);
  redraw(byId("playing"), [play?.decision_id, told.catalogue], () => {
    if (!play) return el("p", { class: "empty" }, "Nothing is playing.");
    const content = told.catalogue[play.content_id];
    return el(
      "div",
      { class: "play", "data-decision": play.decision_id },
      content ? preview(content, told.aspect_ratio) : null,
      el(
        "div",
        { class: "story" },
        el("p", { class: "title" }, named(title(play.content_id))),
        el(
          "p",
          { class: "quiet" },
          play.forced ? "The only possible choice" : `Chosen by ${play.words.chosen_by} (${percent(play.propensity)} likely)`,
          ` when ${play.words.because}.`,
        ),
      ),
      play.forced ? null : alternatives(play, title),
      reasons(play),
      el("details", {}, el("summary", {}, "Why was this chosen?"), el("p", { class: "why" }, play.why)),
    );
  });
}
