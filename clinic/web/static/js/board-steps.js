// The steps of a visit, one key each: arrived, ready, in the room, begun, done, left; and what was heard.
//   #step-form    act: "room 12 3" (verb, visit, version)
//   #arrive-form  appointment_id, version, in a <dialog>; [data-identity] is told name and birth date
import { shortcut, toast } from "./app.js";
import { can, cardOf, heardName, namesAreHidden, page, send, text, whoOf } from "./board-grid.js";

const STEPS = { e: "ready", r: "room", s: "start", d: "finish", o: "leave" };
const HEARD = { c: "confirmed", k: "asked", u: "not_reached", y: "other_time" };
const BACK = { ready: "take_back", room: "take_back", leave: "take_back", no_show: "reopen" };
const capital = (word) => word.split("_").map((part) => part[0].toUpperCase() + part.slice(1)).join("");

function post(li, verb, record) {
  const form = document.querySelector("#step-form");
  form.elements.act.value = `${verb} ${li.dataset.appointment} ${li.dataset.version}`;
  li.classList.add("saving");
  send(form, { ...record, appointment: li.dataset.appointment });
}
/** Make what takes a step back: it is called with the card as it then stands. */
export const back = (verb, who) => (li) => post(li, verb, { said: text("Undone", { who }) });

function take(li, verb) {
  if (!can(li, verb)) { toast(text("Cannot")); return; }
  const who = whoOf(li);
  post(li, verb, { said: text(capital(verb), { who }), undo: BACK[verb] && back(BACK[verb], who) });
}
/** Note what was heard; the same once more takes it back. */
function hear(li, answer) {
  if (!can(li, "confirm")) { toast(text("Cannot")); return; }
  const who = whoOf(li);
  const was = li.dataset.heard;
  const said = heardName(capital(answer));
  post(li, was === answer ? "unheard" : answer, {
    said: was === answer ? text("Unheard", { who }) : text("Heard", { who, said }),
    undo: back(was || "unheard", who),
  });
}

// ---- arriving: both identifiers stand on the screen before the key is pressed ----
function identity(li) {
  const born = li.dataset.born;
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeZone: "UTC", numberingSystem: "latn" });
  return { who: li.dataset.who ?? whoOf(li), born: born ? day.format(new Date(born)) : text("Unborn") };
}
/** Say below the board what the record holds of the card in focus, for whoever is to arrive. */
export function showIdentity(li) {
  const strip = page.board.querySelector("#identity");
  if (!strip) return;
  const is = Boolean(li && can(li, "arrive") && !namesAreHidden());
  strip.hidden = !is;
  strip.textContent = is ? text("Identity", identity(li)) : "";
  for (const link of page.board.querySelectorAll("[aria-describedby='identity']")) link.removeAttribute("aria-describedby");
  if (is) li.querySelector("a").setAttribute("aria-describedby", "identity");
}
function arrive(li) {
  const form = document.querySelector("#arrive-form");
  if (!form || !can(li, "arrive")) { toast(text("Cannot")); return; }
  form.elements.appointment_id.value = li.dataset.appointment;
  form.elements.version.value = li.dataset.version;
  const strip = page.board.querySelector("#identity");
  if (strip && !strip.hidden && li.contains(document.activeElement)) { form.requestSubmit(); return; }
  const said = identity(li);
  form.querySelector("[data-identity]").textContent = `${said.who}, ${said.born}`;
  form.closest("dialog").showModal();
  form.querySelector("[type=submit]").focus();
}
document.querySelector("#arrive-form")?.addEventListener("submit", (event) => {
  const li = cardOf(event.target.elements.appointment_id.value);
  const who = li ? whoOf(li) : "";
  li?.classList.add("saving");
  page.sent = { appointment: li?.dataset.appointment ?? "", said: li && text("Arrived", { who }), undo: back("undo_arrive", who) };
  event.target.closest("dialog").close();
});
document.querySelector("#arrive-form [data-close]")?.addEventListener("click", (event) => event.target.closest("dialog").close());

/** Take a key pressed on a card; true when it was one of a step. */
export function stepKey(key, li) {
  if (!li.dataset.appointment) return false;
  if (key === "a") arrive(li);
  else if (STEPS[key]) take(li, STEPS[key]);
  else if (HEARD[key]) hear(li, HEARD[key]);
  else if (key === "h") location.assign(`${li.querySelector("a").href}#history`);
  else return false;
  return true;
}
/** Take a press on a button of the list. */
export function stepPress(verb, li) {
  if (verb === "arrive") arrive(li);
  else if (Object.values(HEARD).includes(verb)) hear(li, verb);
  else if (verb !== "move") take(li, verb);
  else return false;
  return true;
}

const undo = () => document.querySelector("#toast[data-open] button:not([hidden])")?.click();
shortcut("z", undo);
addEventListener("keydown", (event) => {
  if (event.key !== "z" || !(event.ctrlKey || event.metaKey) || event.target.closest("input, textarea, select")) return;
  event.preventDefault();
  undo();
});

// ---- waiting minutes run without a reload, by the server's clock ----
let since = performance.now();
export function tick(fresh) {
  if (fresh) since = performance.now();
  const now = Number(document.querySelector("#board")?.dataset.now) + (performance.now() - since) / 1000;
  for (const mark of page.board.querySelectorAll(".wt")) {
    const minutes = Math.max(0, Math.floor((now - Number(mark.dataset.since)) / 60));
    mark.querySelector("b").textContent = minutes;
    mark.classList.toggle("late", minutes >= Number(mark.dataset.limit));
  }
}
setInterval(() => tick(false), 10_000);
