// Who is here now, drawn as figures on a floor: no picture, only numbers.

import { byId, el, many, named, plain, redraw, say, seconds, svg } from "./dashboard-dom.js";

const FAR_M = 3; // where the distance could not be told
const NEAR_M = 0.9; // who is nearer is drawn as if there: the room ends
const LABEL = { height: 36, step: 40, letter: 6.7, pad: 18 };
const SHORT = { height: 22, step: 25, letter: 6.4, pad: 22 }; // where there is little room
const NARROW_PX = 520;

// --- words ---

const SURE_GENDER = 0.65; // a gender that is less likely is not named

const isSure = (gender) => gender && Math.max(gender.female, gender.male) >= SURE_GENDER;

function who(viewer) {
  const { age_years: age, age_sd: sd, gender } = viewer;
  const child = age !== null && age < 13;
  let name = "Person";
  if (child) name = "Child";
  else if (isSure(gender)) name = gender.female > gender.male ? "Woman" : "Man";
  return age === null ? name : `${name}, ${Math.round(age)} ± ${Math.round(sd)}`;
}

function mood(viewer) {
  if (!viewer.mood) return null;
  return Object.entries(viewer.mood).reduce((a, b) => (b[1] > a[1] ? b : a))[0];
}

const looks = (viewer) =>
  viewer.reading ? "reading" : viewer.attentive ? "watching" : "not watching";

const attention = (viewer) =>
  viewer.dwell_s > 0 ? Math.min(1, viewer.attention_s / viewer.dwell_s) : 0;

function details(viewer, words) {
  const { gender, logos } = viewer;
  const sex = gender && (gender.female > gender.male ? "female" : "male");
  return [
    isSure(gender) ? `${sex} ${Math.round(100 * gender[sex])}\u00a0%` : null,
    mood(viewer),
    looks(viewer),
    words.movements[viewer.movement],
    words.facings[viewer.facing],
    viewer.distance_m === null ? null : `${viewer.distance_m.toFixed(1)} m away`,
    viewer.returning ? "was here before" : null,
    logos?.length ? `wears ${logos.map((logo) => logo.brand).join(", ")}` : null,
  ].filter(Boolean);
}

// --- the room ---

// 100 units from the sole to the top of the head, which is a circle of its own.
const BODY =
  "M-17 -66C-17 -75 -12 -79 -5 -79H5C12 -79 17 -75 17 -66C17 -45 11.5 -25 9.5 -4" +
  "C9.2 -1.4 7.4 0 5 0H-5C-7.4 0 -9.2 -1.4 -9.5 -4C-11.5 -25 -17 -45 -17 -66Z";

// How large somebody that far away is, beside somebody at one metre.
const scale = (distance_m) => 1 / (0.45 + 0.55 * Math.max(NEAR_M, distance_m ?? FAR_M));

function figure(viewer, number, x, room) {
  const size = scale(viewer.distance_m);
  const feet = room.horizon + room.depth * size;
  const small = viewer.age_years !== null && viewer.age_years < 13 ? 0.72 : 1;
  const unit = (room.tall * size * small) / 100; // the figure is 100 units tall
  const share = Math.round(100 * attention(viewer));
  const body = svg(
    "g",
    { class: `figure ${viewer.attentive ? "watches" : ""}`, transform: `translate(${x} ${feet}) scale(${unit})` },
    svg("ellipse", { class: "ring", rx: 25, ry: 7 }),
    svg("ellipse", { class: "ring given", rx: 25, ry: 7, pathLength: 100, "stroke-dasharray": `${share} 100` }),
    facing(viewer),
    moving(viewer.movement),
    svg("path", { d: BODY }),
    svg("circle", { cy: -90.5, r: 9 }),
    svg("text", { class: "number", y: -54, "font-size": 14 }, String(number)),
  );
  return { body, head: feet - 101 * unit };
}

// On the ring: which way they stand. Towards the screen is towards who looks at this page.
function facing(viewer) {
  const side = viewer.movement === "passing_left" ? -1 : 1;
  const paths = {
    towards: "M-6 5.5h12l-6 6z",
    sideways: `M${24 * side} -4v8l${8 * side} -4z`,
    away: "M-6 -5.5h12l-6 -6z",
  };
  return paths[viewer.facing] ? svg("path", { class: "facing", d: paths[viewer.facing] }) : null;
}

// Beside it: where they go.
function moving(movement) {
  const paths = {
    approaching: "M-7 15l7 5l7 -5M-7 21l7 5l7 -5",
    leaving: "M33 2l6 -5l6 5M33 -4l6 -5l6 5",
    passing_left: "M-37 -5l-6 5l6 5M-44 -5l-6 5l6 5",
    passing_right: "M37 -5l6 5l-6 5M44 -5l6 5l-6 5",
  };
  return paths[movement] ? svg("path", { class: "moving", d: paths[movement] }) : null;
}

// Labels in as few rows as keep them apart, above the heads.
function labels(placed, room) {
  const ends = [];
  const made = [];
  for (const { viewer, x, head } of placed) {
    const lines = [who(viewer), [mood(viewer), looks(viewer)].filter(Boolean).join(" · ")].map(plain);
    if (room.narrow) lines.splice(0, 2, who(viewer).split(" ±")[0]);
    const { height, step, letter, pad } = room.label;
    const width = Math.max(...lines.map((line) => line.length)) * letter + pad;
    const left = Math.min(Math.max(4, x - width / 2), room.width - width - 4);
    let row = ends.findIndex((end) => end + 6 < left);
    if (row < 0) row = ends.length;
    if (row >= room.rows) continue; // it would cover another; the list below has everybody
    ends[row] = left + width;
    const top = room.labels - row * step;
    made.push(
      svg(
        "g",
        { class: `label ${viewer.attentive ? "watches" : ""}` },
        svg("path", { d: `M${x} ${top + height}V${head - 3}` }),
        svg("rect", { x: left, y: top, width, height, rx: 9 }),
        ...lines.map((line, index) =>
          svg("text", { x: left + width / 2, y: top + 15 + 14 * index, class: index ? null : "who" }, line),
        ),
      ),
    );
  }
  return made;
}

function floor(room) {
  const middle = room.width / 2;
  const lines = [1, 2, 4, 8].map((metres) => {
    const y = room.horizon + room.depth * scale(metres);
    return svg(
      "g",
      { class: "metre" },
      svg("path", { d: `M0 ${y}H${room.width}` }),
      svg("text", { x: room.width - 8, y: y - 4 }, `${metres} m`),
    );
  });
  const rays = [-1.6, -0.9, -0.42, 0, 0.42, 0.9, 1.6].map((slope) =>
    svg("path", { class: "ray", d: `M${middle + slope * 70} ${room.horizon}L${middle + slope * room.width} ${room.height}` }),
  );
  return [
    svg("rect", { class: "floor", y: room.horizon, width: room.width, height: room.height - room.horizon }),
    ...rays,
    ...lines,
    svg("rect", { class: "glass", x: room.width * 0.2, y: room.height - 7, width: room.width * 0.6, height: 7, rx: 3 }),
  ];
}

// What the camera does wrong, by its fault.
const CAMERA = {
  lost: "sends no pictures",
  black: "sends only black pictures",
  frozen: "keeps sending the same picture",
  noisy: "sends only noise",
  dark: "has too little light",
  blank: "sees only a blank surface",
  slow: "sends too few pictures a second to follow anyone",
};

function summary(audience) {
  const { viewers, observed, fault } = audience;
  if (!observed) return `The camera ${CAMERA[fault] ?? "cannot see"}, so nobody can be counted.`;
  if (!viewers.length) return "Nobody is in view.";
  const watching = viewers.filter((viewer) => viewer.attentive).length;
  const more = audience.unfollowed ? `, and ${audience.unfollowed} more than can be followed` : "";
  return `${many(viewers.length, "person", "people")}, ${watching} watching${more}`;
}

function drawRoom(people, text, box) {
  const { clientWidth: width, clientHeight: height } = box;
  const room = { width, height, horizon: height * 0.37, depth: height * 0.52 };
  room.tall = room.depth * 1.1;
  room.narrow = width < NARROW_PX;
  room.label = room.narrow ? SHORT : LABEL;
  room.labels = room.horizon - height * 0.06 - room.label.height - 4;
  room.rows = Math.max(1, Math.floor((room.labels - 4) / room.label.step) + 1);
  const placed = people.map(({ viewer, place }, index) => {
    const x = width * (0.07 + 0.86 * place);
    return { viewer, x, ...figure(viewer, index + 1, x, room) };
  });
  const nearLast = [...placed].sort(
    (a, b) => (b.viewer.distance_m ?? FAR_M) - (a.viewer.distance_m ?? FAR_M),
  );
  return svg(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": text },
    ...floor(room),
    ...nearLast.map(({ body }) => body),
    ...labels(placed, room),
    placed.length ? null : svg("text", { class: "empty", x: width / 2, y: height * 0.3 }, text),
  );
}

let here = null; // what was drawn last: {people, text}

// Drawn in the box's own pixels, and so anew when it changes its size.
function fitRoom() {
  const box = byId("room");
  const size = [box.clientWidth, box.clientHeight];
  redraw(box, [here, size], () => drawRoom(here.people, here.text, box));
}

new ResizeObserver(() => here && fitRoom()).observe(byId("room"));

export function drawPeople(audience, { places, words }) {
  const text = summary(audience);
  say(byId("here-summary"), text);
  const people = audience.viewers
    .map((viewer, index) => ({
      viewer,
      place: places[viewer.visit_id] ?? (index + 1) / (audience.viewers.length + 1),
    }))
    .sort((a, b) => a.place - b.place);
  here = { people, text };
  redraw(byId("people"), people, () => people.map(({ viewer }, index) => person(viewer, index + 1, words)));
  fitRoom();
}

function person(viewer, number, words) {
  const { attention_s: given_s, dwell_s: here_s } = viewer;
  const looked = given_s === null ? "looks unknown" : `watched ${seconds(given_s)} of ${seconds(here_s)}`;
  return el(
    "li",
    { class: viewer.attentive ? "watches" : null, "data-visit": viewer.visit_id },
    el("b", {}, el("span", { class: "badge" }, String(number)), ` ${who(viewer)}`),
    named(details(viewer, words).join(", ")),
    el("span", { class: "quiet" }, looked),
  );
}
