// What the scripts of the board share: the columns, their cards and free times, and walking them.
import { fill } from "./app.js";

export const ROW = 5;
const rtl = document.documentElement.dir === "rtl";
/** The board on the page now, and what was sent and waits for the server's answer. */
export const page = { board: null, sent: null };

const said = document.querySelector("#board-texts").dataset;
export const text = (name, values) => fill(said[`text${name}`], values);
export const heardName = (capital) => said[`heard${capital}`];
export const namesAreHidden = () => said.namesHidden === "yes";
export const isList = () => page.board.dataset.board === "list";
export const lanes = () => [...page.board.querySelectorAll("[data-lane]")];
export const items = (lane) =>
  [...lane.querySelectorAll(":scope > [data-at]")].sort((a, b) => a.dataset.at - b.dataset.at);
export const all = () => lanes().flatMap(items);
export const at = (li) => Number(li.dataset.at);
export const length = (li) => Number(li.dataset.n);
export const rows = () => Number(page.board.dataset.rows ?? 120);
export const step = () => Number(page.board.dataset.step ?? 3);
export const whoOf = (li) => li.querySelector(".who")?.textContent ?? "";
export const can = (li, what) => (li.dataset.can ?? "").split(" ").includes(what);
export const cardOf = (id, root = page.board) => root.querySelector(`[data-appointment="${CSS.escape(id)}"]`);

export function clock(row) {
  const minute = Number(page.board.dataset.open) + row * ROW;
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}
export const startOf = (lane, row) => `${lane.dataset.day ?? page.board.dataset.day}T${clock(row)}`;

export function roving(li) {
  for (const other of all()) other.querySelector("a").tabIndex = other === li ? 0 : -1;
}
export const current = () => page.board.querySelector("[data-at] > a[tabindex='0'], tr[data-at] th > a[tabindex='0']")?.closest("[data-at]");

export function focusItem(li) {
  if (!li) return;
  roving(li);
  li.querySelector("a").focus({ preventScroll: true });
  li.scrollIntoView({ block: "nearest", inline: "nearest" });
}
/** The item of a lane that covers a row, or the nearest one. */
export function itemAt(lane, row) {
  const distance = (li) => (row < at(li) ? at(li) - row : Math.max(0, row - at(li) - length(li) + 1));
  return items(lane).reduce((best, li) => (!best || distance(li) < distance(best) ? li : best), null);
}
export function beside(lane, direction) {
  const list = lanes();
  return list[list.indexOf(lane) + (rtl ? -direction : direction)];
}

/** Send a form of the page; the answer comes as `swapped`, and `record` says what it was about. */
export function send(form, record) {
  page.sent = record;
  form.requestSubmit();
}

/** Let a card glide to where it is from where it was, so that the eye follows. */
export function glide(li, from) {
  if (!li || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const to = li.getBoundingClientRect();
  li.animate([{ transform: `translate(${from.x - to.x}px, ${from.y - to.y}px)` }, { transform: "none" }], { duration: 250, easing: "ease-out" });
}
