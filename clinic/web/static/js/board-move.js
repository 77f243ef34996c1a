// Moving a visit, by keyboard and by mouse with the same code. The server alone decides.
//   #move-form    appointment_id, version, starts_at, resource_id; data-swap="#board" keeps the page
import { announce, toast } from "./app.js";
import { at, beside, can, clock, focusItem, glide, isList, items, lanes, length, page, rows, send, startOf, step, text, whoOf } from "./board-grid.js";
import { back } from "./board-steps.js";

let moving = null; // { li, lane, row }: where the card came from
let drag = null;
export const isMoving = () => Boolean(moving || drag);

function place(li, lane, row) {
  li.classList.replace(`at-${at(li)}`, `at-${row}`);
  li.dataset.at = row;
  if (li.parentElement !== lane) lane.append(li);
  const time = li.querySelector(".tm");
  if (time) time.textContent = clock(row);
  li.classList.toggle("clash", Boolean(clash(li)));
}
function clash(li) {
  const mine = parts(li);
  return items(li.parentElement).find((other) =>
    other !== li && other.matches(".appt") && !other.querySelector(".st-cancelled, .st-no_show") &&
    parts(other).some(([from, to]) => mine.some(([start, end]) => start < to && end > from)));
}
/** From row to row of what a visit takes of its column: all of it, or its practitioner's own parts. */
function parts(li) {
  const own = li.dataset.own?.split(" ").map((part) => part.split(":").map(Number)) ?? [[0, length(li)]];
  return own.map(([first, n]) => [at(li) + first, at(li) + first + n]);
}
const fits = (li, row) => row >= 0 && row + length(li) <= rows();
/** Whether a column takes the card that moves: not a day that is over, not another device. */
const takes = (lane) => "takes" in lane.dataset && (page.board.dataset.board !== "devices" || lane === moving?.lane);

/** Begin to move a card; a list has no room for that, there a page asks for the time and comes back. */
export function startMove(li) {
  if (isList()) { location.assign(li.querySelector("[data-act=move]").href); return; }
  moving = { li, lane: li.parentElement, row: at(li) };
  li.classList.add("moving");
  for (const lane of lanes()) lane.classList.toggle("refuses", !takes(lane));
  announce(text("Moving", { who: whoOf(li) }));
}
function stop() {
  const was = moving;
  moving = null;
  was.li.classList.remove("moving", "clash");
  for (const lane of lanes()) lane.classList.remove("refuses");
  return was;
}
/** Let a card fly back to where it came from. */
export function putBack({ li, lane, row }) {
  const from = li.getBoundingClientRect();
  li.classList.remove("moving", "saving", "clash");
  place(li, lane, row);
  li.classList.remove("clash");
  focusItem(li);
  glide(li, from);
}
function cancelMove() {
  putBack(stop());
  announce(text("Cancelled"));
}
function drop(over) {
  const from = stop();
  const { li } = from;
  if (over && over !== li.parentElement) {
    putBack(from);
    toast(text("Closed", { lane: over.dataset.name }));
    return;
  }
  if (li.parentElement === from.lane && at(li) === from.row) { focusItem(li); return; }
  focusItem(li);
  const lane = li.parentElement;
  const who = whoOf(li);
  ask(li, lane, { back: from, asks: true, undo: back("unmove", who), said: text("Moved", { who, time: clock(at(li)), lane: lane.dataset.name }) });
}
/** Ask the server, also about a time that is taken: it says with what, and what is free instead. */
function ask(li, lane, rest) {
  const form = document.querySelector("#move-form");
  form.elements.appointment_id.value = li.dataset.appointment;
  form.elements.version.value = li.dataset.version;
  form.elements.starts_at.value = startOf(lane, at(li));
  form.elements.resource_id.value = lane.dataset.lane;
  li.classList.add("saving");
  send(form, { ...rest, appointment: li.dataset.appointment, from: li.getBoundingClientRect() });
}

/** The keys while a card moves: arrows, Enter, Escape; true when the key was taken. */
export function keyWhileMoving(event) {
  if (!moving) return false;
  const { li } = moving;
  const lane = li.parentElement;
  const by = event.shiftKey ? 1 : step(); // Shift: five minutes
  const next = (direction) => {
    let other = beside(lane, direction);
    while (other && !takes(other)) other = beside(other, direction);
    return other;
  };
  const to = {
    ArrowUp: () => [lane, at(li) - by],
    ArrowDown: () => [lane, at(li) + by],
    ArrowLeft: () => [next(-1), at(li)],
    ArrowRight: () => [next(1), at(li)],
  }[event.key]?.();
  event.stopPropagation();
  if (to) {
    event.preventDefault();
    if (!to[0] || !fits(li, to[1])) return true;
    place(li, ...to);
    focusItem(li);
    announce(text(clash(li) ? "Clash" : "Here", { time: clock(to[1]), lane: to[0].dataset.name }));
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    drop();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    cancelMove();
  }
  return true;
}

// ---- the mouse: a drag begins after five pixels, so that a click stays a click ----
addEventListener("pointerdown", (event) => {
  const li = event.target.closest?.("[data-board] li.appt");
  if (!li || moving || event.button !== 0 || event.pointerType !== "mouse" || !can(li, "move")) return;
  drag = { li, x: event.clientX, y: event.clientY, on: false, over: null, grip: event.clientY - li.getBoundingClientRect().top };
});
addEventListener("pointermove", (event) => {
  if (!drag) return;
  if (!drag.on) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 5) return;
    drag.on = true;
    startMove(drag.li);
  }
  const lane = lanes().find((other) => {
    const box = other.getBoundingClientRect();
    return event.clientX >= box.left && event.clientX < box.right;
  });
  if (!lane) return;
  drag.over = lane;
  if (!takes(lane)) return;
  const box = lane.getBoundingClientRect();
  const row = Math.round((event.clientY - drag.grip - box.top) / (box.height / rows()) / step()) * step();
  if (fits(drag.li, row)) place(drag.li, lane, row);
});
addEventListener("pointerup", () => {
  if (drag?.on) {
    // The click that ends a drag must not open the visit; one that never comes must not swallow the next.
    const swallow = (click) => click.preventDefault();
    addEventListener("click", swallow, { capture: true });
    setTimeout(() => removeEventListener("click", swallow, { capture: true }), 0);
    drop(drag.over);
  }
  drag = null;
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !drag?.on) return;
  drag = null;
  cancelMove();
});
