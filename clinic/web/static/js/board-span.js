// A time of a column, drawn by hand: over free times with the mouse; by touch and by keyboard one of
// them is picked, and beside the board until when; B blocks one. It is then booked by the form there, or blocked:
//   a[data-block]  leads to blocking; the address gets whose time it is, the day, from when until when
//   [data-until]   holds a <select> of the times until which all is free
import { at, clock, items, length } from "./board-grid.js";

let drawing = null; // { first, last, x, y, on }
let drawn = null; // what was drawn or picked last: [first, last]
export const isDrawing = () => Boolean(drawing?.on);

/** The free times from one on, as far as nothing lies between. */
export function onwards(first) {
  const list = items(first.parentElement).filter((li) => li.matches(".slot"));
  const rest = list.slice(list.indexOf(first));
  const end = rest.findIndex((li, n) => n && at(li) - at(rest[n - 1]) !== length(rest[n - 1]));
  return end < 0 ? rest : rest.slice(0, end);
}
/** The free times from one to another of the same column, as far as nothing lies between. */
function run(first, last) {
  const list = items(first.parentElement).filter((li) => li.matches(".slot"));
  const down = list.indexOf(first) <= list.indexOf(last);
  const found = [];
  for (let n = list.indexOf(first); ; n += down ? 1 : -1) {
    const before = found.at(-1);
    if (before && Math.abs(at(list[n]) - at(before)) !== length(before)) break;
    found.push(list[n]);
    if (list[n] === last) break;
  }
  return down ? found : found.reverse();
}

/** Mark what is drawn or picked, and let the link to blocking say it. */
export function mark(board, slots) {
  for (const li of board.querySelectorAll(".slot.picked")) li.classList.remove("picked");
  for (const li of slots) li.classList.add("picked");
  drawn = [slots[0], slots.at(-1)];
  const link = document.querySelector("a[data-block]");
  if (!link) return;
  link.href = blockingOf(slots[0]);
  offerEnds(link.parentElement.querySelector("[data-until]"));
  const end = slots.length > 1 ? ` \u2013 ${endOf(drawn[1])}` : "";
  link.querySelector("b").textContent = clock(at(drawn[0])) + end;
}

const endOf = (li) => clock(at(li) + length(li));
function offerEnds(until) {
  const select = until.querySelector("select");
  const free = onwards(drawn[0]);
  select.replaceChildren(...free.map((li) => new Option(endOf(li), endOf(li), false, li === drawn[1])));
  until.hidden = free.length < 2;
}
/** The address that blocks a free time, with what was drawn from it on; none for who may not. */
export function blockingOf(li) {
  const link = document.querySelector("a[data-block]");
  if (!link) return "";
  const url = new URL(link.href);
  const [day, start] = li.dataset.start.split("T");
  url.search = new URLSearchParams({ resource_id: li.parentElement.dataset.lane, date: day, start });
  const last = drawn?.[0] === li ? drawn[1] : li;
  if (last !== li) url.searchParams.set("end", endOf(last));
  return url.href;
}

/** Let the mouse draw; `done` is told the free times. A press without five pixels stays a click.
    Who picks until when goes on there: `picked` is told them. */
export function letDraw(done, picked) {
  addEventListener("change", (event) => {
    if (!event.target.closest("[data-until]") || !drawn?.[0].isConnected) return;
    picked(onwards(drawn[0]).slice(0, event.target.selectedIndex + 1));
  });
  addEventListener("dragstart", (event) => { if (event.target.closest?.(".slot")) event.preventDefault(); });
  addEventListener("pointerdown", (event) => {
    const first = event.target.closest?.("[data-board] li.slot");
    if (!first || event.button !== 0 || event.pointerType !== "mouse") return;
    drawing = { first, last: first, x: event.clientX, y: event.clientY, on: false };
  });
  addEventListener("pointermove", (event) => {
    if (!drawing || (!drawing.on && Math.hypot(event.clientX - drawing.x, event.clientY - drawing.y) < 5)) return;
    drawing.on = true;
    const over = document.elementFromPoint(event.clientX, event.clientY)?.closest("li.slot");
    if (!over || over.parentElement !== drawing.first.parentElement) return;
    drawing.last = over;
    mark(over.closest("[data-board]"), run(drawing.first, over));
  });
  addEventListener("pointerup", () => {
    const { first, last, on } = drawing ?? {};
    drawing = null;
    if (!on || first === last) return;
    // The click that ends a drag must not pick one of them; one that never comes must not swallow the next.
    const swallow = (click) => { click.preventDefault(); click.stopPropagation(); };
    addEventListener("click", swallow, { capture: true });
    setTimeout(() => removeEventListener("click", swallow, { capture: true }), 0);
    done(run(first, last));
  });
  addEventListener("pointercancel", () => { drawing = null; });
}
