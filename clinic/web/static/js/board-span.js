// A time of a column, drawn by hand: over free times with the mouse, or B on one of them. It is then
// booked by the form beside the board, or blocked:
//   a[data-block]  leads to blocking; the address gets whose time it is, the day, from when until when
import { at, clock, items, length } from "./board-grid.js";

let drawing = null; // { first, last, x, y, on }
let drawn = null; // what was drawn or picked last: [first, last]
export const isDrawing = () => Boolean(drawing?.on);

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
  const end = slots.length > 1 ? ` \u2013 ${clock(at(drawn[1]) + length(drawn[1]))}` : "";
  link.querySelector("b").textContent = clock(at(drawn[0])) + end;
}

/** The address that blocks a free time, with what was drawn from it on; none for who may not. */
export function blockingOf(li) {
  const link = document.querySelector("a[data-block]");
  if (!link) return "";
  const url = new URL(link.href);
  const [day, start] = li.dataset.start.split("T");
  url.search = new URLSearchParams({ resource_id: li.parentElement.dataset.lane, date: day, start });
  const last = drawn?.[0] === li ? drawn[1] : li;
  if (last !== li) url.searchParams.set("end", clock(at(last) + length(last)));
  return url.href;
}

/** Let the mouse draw; `done` is told the free times. A press without five pixels stays a click. */
export function letDraw(done) {
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
