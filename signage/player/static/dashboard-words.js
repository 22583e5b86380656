// What the program calls by a short name, as people say it.

export const TRIGGERS = {
  start: "the screen started",
  play_ends: "the play before ended",
  first_person: "the first person came",
  new_main_viewer: "somebody else is in front",
  no_longer_allowed: "what played was not for who came",
  play_failed: "the play before failed",
  ordered: "it was ordered",
  mandatory: "its hours began or ended",
};

export const MOVES = {
  approaching: "coming nearer",
  leaving: "walking away",
  passing_left: "passing to the left",
  passing_right: "passing to the right",
  standing: "standing",
};

export const FACES = { towards: "facing the screen", sideways: "turned sideways", away: "back turned" };

const NEAR = { personal: "very near", social: "near", public: "far away" };

// Features, as signage/recommend/features.py and encoding.py name them.
const VALUES = {
  age: (value) => (value === "unknown" ? "age not told" : `age ${value}`),
  gender: (value) => (value === "unknown" ? "gender not told" : value),
  group: (value) => (value === "0" ? "nobody here" : value === "1" ? "one person" : `group of ${value}`),
  state: (value) => (value === "hold" ? "somebody watches" : "nobody watches"),
  movement: (value) => MOVES[value] ?? value,
  facing: (value) => FACES[value] ?? value,
  distance: (value) => NEAR[value] ?? value,
  wears: (value) => `wears ${value}`,
  medium: (value) => `${value} content`,
  id: () => "this very content",
};

const WHOLE = {
  advised: "the rules table’s advice",
  fresh: "not seen before",
  seen: "seen before",
  earned: "their attention to it before",
  "liked category": "they liked its category",
  "liked category more": "they liked its category more than others",
  "liked tag": "they liked its kind",
  "liked tag more": "they liked its kind more than others",
  "moved by category": "its category moved them",
  "moved by tag": "its kind moved them",
  motion: "it moves",
  still: "it stands still",
  smile: "a smile",
};

export function feature(name) {
  const parts = name.split(" with ").map((part) => {
    const [key, value] = part.split("=");
    if (value === undefined) return WHOLE[part] ?? part;
    return VALUES[key]?.(value) ?? value;
  });
  return parts.join(" · ");
}
