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
    orders.emergency && [`Emergency: only ${title(orders.emergency)} plays.`, "End the emergency", { action: "clear" }],
    orders.pinned && [`Pinned: ${title(orders.pinned)} plays whenever it is allowed.`, "Unpin", { action: "unpin" }],
    orders.frozen && ["Frozen: the screen keeps playing but does not learn.", "Unfreeze", { action: "unfreeze" }],
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
    return refuse("The screen does not answer. Check whether the order took effect before you send it again.");
  }
  if (answer.status === 401) {
    token = null;
    return askToken(order, done, "The screen refused this token. Check it and try again.");
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
  else open("Order refused", [], { words, submit: null });
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
    "Sign in to give orders",
    [
      el("label", {}, "Token for orders", field),
      el("p", { class: "quiet" }, "It is in the file orders-token in the data folder, or in server.token of the configuration. This page forgets it when you close it."),
    ],
    {
      words,
      submit: "Continue",
      go: () => {
        // A header holds no other letters; what is more cannot be the token.
        if (!/^[\x20-\x7e]+$/.test(field.value)) return refuse("Enter a token. It has only plain letters, digits and signs.");
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
    open("Pin content", [chooser("Content", orders.pinned), el("p", { class: "quiet" }, "It plays whenever its dates and the audience allow it, until you unpin it. The screen does not learn from these plays.")], {
      submit: "Pin",
      go: (form) => give({ action: "pin", content_id: form.get("content") }, `Pinned: ${title(form.get("content"))}.`),
    }),
  freeze: () =>
    orders.frozen
      ? give({ action: "unfreeze" }, "The screen learns again.")
      : open("Freeze the learner", [el("p", {}, "The screen keeps choosing by what it knows now. It records what people do but never learns from it.")], {
          submit: "Freeze",
          go: () => give({ action: "freeze" }, "Frozen: the screen does not learn."),
        }),
  rollback: async () => {
    const { checkpoints } = await fetch("/api/orders").then((answer) => answer.json());
    if (!checkpoints.length) return open("Roll back", [], { words: "There is no checkpoint to go back to.", submit: null });
    const day = { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
    const options = checkpoints.map(({ name, t_utc: utc, learned }) =>
      el("option", { value: name }, `${clock(utc, told?.timezone, day)}, learned from ${count(learned)} plays`),
    );
    return open(
      "Roll back the learner",
      [el("label", {}, "Go back to", el("select", { name: "checkpoint" }, ...options)), el("p", { class: "quiet" }, "The learner forgets for good what it learned since then. The journal keeps every play.")],
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
    open("Emergency message", [chooser("Show", orders.emergency ?? meant)], { submit: "Continue", alarm: true, go: (form) => confirmEmergency(form.get("content")) });
  },
};

function confirmEmergency(name) {
  open(
    `Show “${title(name)}” now?`,
    [el("p", {}, "It replaces the running content at once. Nothing else plays until you end the emergency.")],
    {
      submit: "Yes, show it now",
      alarm: true,
      go: () => give({ action: "emergency", content_id: name }, `Emergency: ${title(name)} plays now.`),
    },
  );
  // A second press of Enter must not start an emergency.
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
