// The operator's orders. The token is kept in this page's memory alone.

import { byId, clock, count, el, redraw, shortened } from "./dashboard-dom.js";

const DONE_MS = 6000;

let token = null;
let told = null; // catalogue and zone
let orders = { frozen: false, pinned: null, emergency: null };
let refresh = () => {};

const title = (name) => shortened(told?.catalogue[name]?.title ?? name);
const dialog = () => byId("ask");

// --- what is in force ---

export function drawOrders(now, figures) {
  orders = now;
  told = figures;
  byId("orders").hidden = false;
  const freeze = document.querySelector('[data-order="freeze"]');
  freeze.textContent = orders.frozen ? "Unfreeze" : "Freeze";
  const box = byId("force");
  const rows = [
    orders.emergency && [`Emergency: ${title(orders.emergency)} plays alone.`, "End the emergency", { action: "clear" }],
    orders.pinned && [`Pinned: ${title(orders.pinned)} plays whenever it is allowed.`, "Unpin", { action: "unpin" }],
    orders.frozen && ["Frozen: it goes on playing, and learns nothing.", "Unfreeze", { action: "unfreeze" }],
  ].filter(Boolean);
  box.hidden = !rows.length;
  box.classList.toggle("alarm", Boolean(orders.emergency));
  redraw(box, [orders, rows], () =>
    rows.map(([text, name, order]) =>
      el("p", {}, el("span", {}, text), " ", el("button", { type: "button", onclick: () => give(order, `${name}: done.`) }, name)),
    ),
  );
}

// --- sending ---

async function give(order, done) {
  if (token === null) return askToken(order, done);
  let answer;
  try {
    answer = await fetch("/api/orders", {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify(order),
    });
  } catch {
    return refuse("The screen does not answer. Look whether the order was carried out before you give it again.");
  }
  if (answer.status === 401) {
    token = null;
    return askToken(order, done, "This token was refused. Check it and try again.");
  }
  if (!answer.headers.get("content-type")?.startsWith("application/json")) return refuse((await answer.text()).trim());
  const state = await answer.json();
  if (state.refused !== null) return refuse(state.refused);
  dialog().close();
  const toast = byId("done");
  toast.textContent = done;
  setTimeout(() => (toast.textContent = ""), DONE_MS);
  refresh();
}

function refuse(words) {
  const place = dialog().querySelector(".refused");
  if (dialog().open && place) place.textContent = words;
  else open("Not done", [], { words, submit: null });
}

// --- asking ---

function open(name, fields, { submit, go = () => {}, words = "", alarm = false }) {
  const form = el(
    "form",
    {
      novalidate: true,
      onsubmit: (event) => {
        event.preventDefault();
        go(new FormData(event.target));
      },
    },
    el("h2", { id: "ask-title" }, name),
    ...fields,
    el("p", { class: "refused", role: "alert" }, words),
    el(
      "div",
      { class: "choice" },
      el("button", { type: "button", onclick: () => dialog().close() }, submit ? "Cancel" : "Close"),
      submit ? el("button", { type: "submit", class: alarm ? "alarm" : "main" }, submit) : null,
    ),
  );
  dialog().replaceChildren(form);
  if (!dialog().open) dialog().showModal();
  form.querySelector("input, select, .choice button")?.focus();
}

function askToken(order, done, words = "") {
  const field = el("input", { type: "password", name: "token", autocomplete: "off", required: true, spellcheck: "false" });
  open(
    "Give an order",
    [
      el("label", {}, "The orders' token", field),
      el("p", { class: "quiet" }, "You find it in the file orders-token of the data folder, or as server.token in the configuration. This page forgets it when it is closed."),
    ],
    {
      words,
      submit: "Go on",
      go: () => {
        // A header holds no other letters; what is more cannot be the token.
        if (!/^[\x20-\x7e]+$/.test(field.value)) return refuse("A token has plain letters, digits and signs, and is not empty.");
        token = field.value;
        return give(order, done);
      },
    },
  );
}

function chooser(label, chosen) {
  const all = Object.entries(told?.catalogue ?? {});
  return el(
    "label",
    {},
    label,
    el(
      "select",
      { name: "content" },
      ...all.map(([name, content]) => el("option", { value: name, selected: name === chosen }, shortened(content.title))),
    ),
  );
}

const ASK = {
  pin: () =>
    open("Pin a content", [chooser("It plays whenever its dates and the people here allow it", orders.pinned), el("p", { class: "quiet" }, "Until you unpin it. Nothing is learned from its plays.")], {
      submit: "Pin it",
      go: (form) => give({ action: "pin", content_id: form.get("content") }, `Pinned: ${title(form.get("content"))}.`),
    }),
  freeze: () =>
    orders.frozen
      ? give({ action: "unfreeze" }, "It learns again.")
      : open("Freeze the learner", [el("p", {}, "It goes on choosing by what it knows. What people do meanwhile is recorded and never learned.")], {
          submit: "Freeze",
          go: () => give({ action: "freeze" }, "Frozen: nothing is learned."),
        }),
  rollback: async () => {
    const { checkpoints } = await fetch("/api/orders").then((answer) => answer.json());
    if (!checkpoints.length) return open("Roll back", [], { words: "There is no checkpoint to go back to.", submit: null });
    const day = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
    const options = checkpoints.map(({ name, t_utc: utc, learned }) =>
      el("option", { value: name }, `${clock(utc, told?.timezone, day)}, after learning from ${count(learned)} plays`),
    );
    return open(
      "Roll back the learner",
      [el("label", {}, "Go back to", el("select", { name: "checkpoint" }, ...options)), el("p", { class: "quiet" }, "What it has learned since is forgotten for good. The record keeps every play.")],
      {
        submit: "Roll back",
        alarm: true,
        go: (form) => give({ action: "rollback", checkpoint: form.get("checkpoint") }, "Rolled back."),
      },
    );
  },
  emergency: () => {
    const all = Object.entries(told?.catalogue ?? {});
    const meant = all.find(([, content]) => content.mandatory)?.[0];
    open("Emergency message", [chooser("Show", orders.emergency ?? meant)], { submit: "Go on", alarm: true, go: (form) => confirmEmergency(form.get("content")) });
  },
};

function confirmEmergency(name) {
  open(
    `Show “${title(name)}” now?`,
    [el("p", {}, "It takes the screen at once, before everybody, and plays alone until you end it.")],
    {
      submit: "Yes, show it now",
      alarm: true,
      go: () => give({ action: "emergency", content_id: name }, `Emergency: ${title(name)} is ordered.`),
    },
  );
  // Nothing so grave by pressing Enter once too often.
  dialog().querySelector(".choice button").focus();
}

export function beginOrders(onDone) {
  refresh = onDone;
  for (const button of document.querySelectorAll("[data-order]")) {
    button.addEventListener("click", () =>
      Promise.resolve(ASK[button.dataset.order]()).catch(() => refuse("The screen does not answer.")),
    );
  }
}
