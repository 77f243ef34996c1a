// The day board: one Tab stop, arrows in two dimensions, moving by keyboard and by mouse with the
// same code. Without this file the board is a page of links. What the page has to hold:
//   [data-board]  data-day="2026-11-22" data-open="480" (minute of the first row) data-rows="120"
//                 data-step="3" (rows of one step); sentences: data-text-moving (who), -cancelled,
//                 -taken (who), -here (time, lane), -clash (time, lane), -moved (who, time, lane), -arrived (who)
//     [data-lane="7"] data-name      one column, an <ol>; its value goes into resource_id
//       li.slot[data-at][data-n][data-start="2026-11-22T11:15"] > a      a free time
//       li.appt[data-at][data-n][data-appointment][data-version][data-can="move arrive"] > a.appt-card
//         data-own="6:5 12:2"            first row and rows of its practitioner's own parts, when not all of it
//   #move-form    appointment_id, version, starts_at, resource_id; data-swap="#board" keeps the page
//   #arrive-form  appointment_id, version, in a <dialog>; [data-identity] is told name and data-born of the card
//   #quick        a <details> to book in: inputs with data-pick="starts_at|day|start|resource"
import { announce, fill, shortcut, toast } from "./app.js";

const ROW = 5;
const HOUR = 12;
const rtl = document.documentElement.dir === "rtl";
let board;
let moving = null; // { li, lane, row }: where the card came from
let sent = null; // the move that waits for the server's answer
let scrolled = 0;

const text = (name, values) => fill(board.dataset[`text${name}`], values);
const lanes = () => [...board.querySelectorAll("[data-lane]")];
const items = (lane) =>
  [...lane.querySelectorAll(":scope > li[data-at]")].sort((a, b) => a.dataset.at - b.dataset.at);
const all = () => lanes().flatMap(items);
const at = (li) => Number(li.dataset.at);
const length = (li) => Number(li.dataset.n);
const rows = () => Number(board.dataset.rows ?? 120);
const step = () => Number(board.dataset.step ?? 3);
const whoOf = (li) => li.querySelector(".who")?.textContent ?? "";
const can = (li, what) => (li.dataset.can ?? "").split(" ").includes(what);

function clock(row) {
  const minute = Number(board.dataset.open) + row * ROW;
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}
const startOf = (row) => `${board.dataset.day}T${clock(row)}`;

// ---- walking ----
function roving(li) {
  for (const other of all()) other.querySelector("a").tabIndex = other === li ? 0 : -1;
}
function focusItem(li) {
  if (!li) return;
  roving(li);
  li.querySelector("a").focus({ preventScroll: true });
  li.scrollIntoView({ block: "nearest", inline: "nearest" });
}
/** The item of a lane that covers a row, or the nearest one. */
function itemAt(lane, row) {
  const list = items(lane);
  const distance = (li) => (row < at(li) ? at(li) - row : Math.max(0, row - at(li) - length(li) + 1));
  return list.reduce((best, li) => (!best || distance(li) < distance(best) ? li : best), null);
}
function beside(lane, direction) {
  const list = lanes();
  return list[list.indexOf(lane) + (rtl ? -direction : direction)];
}

// ---- moving ----
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

function startMove(li) {
  moving = { li, lane: li.parentElement, row: at(li) };
  li.classList.add("moving");
  announce(text("Moving", { who: whoOf(li) }));
}
function putBack({ li, lane, row }) {
  li.classList.remove("moving", "saving");
  place(li, lane, row);
  focusItem(li);
}
function cancelMove() {
  const back = moving;
  moving = null;
  putBack(back);
  announce(text("Cancelled"));
}
function drop() {
  const from = moving;
  const { li } = from;
  moving = null;
  li.classList.remove("moving");
  if (li.parentElement === from.lane && at(li) === from.row) { focusItem(li); return; }
  const taken = clash(li);
  if (taken) {
    putBack(from);
    toast(text("Taken", { who: whoOf(taken) }));
    return;
  }
  focusItem(li);
  ask(li, li.parentElement.dataset.lane, at(li), {
    back: from, undo: { lane: from.lane.dataset.lane, row: from.row },
    said: text("Moved", { who: whoOf(li), time: clock(at(li)), lane: li.parentElement.dataset.name }),
  });
}
/** Send a move to the server, which alone decides; the answer comes as `swapped` or a new page. */
function ask(li, lane, row, rest) {
  const form = document.querySelector("#move-form");
  form.elements.appointment_id.value = li.dataset.appointment;
  form.elements.version.value = li.dataset.version;
  form.elements.starts_at.value = startOf(row);
  form.elements.resource_id.value = lane;
  li.classList.add("saving");
  sent = { ...rest, appointment: li.dataset.appointment };
  form.requestSubmit();
}
function moveBack(li, { lane, row }) {
  const name = lanes().find((other) => other.dataset.lane === lane)?.dataset.name ?? "";
  ask(li, lane, row, { said: text("Moved", { who: whoOf(li), time: clock(row), lane: name }) });
}
/** Ask for both identifiers first: the form stands in a dialog that says what the record holds. */
function arrive(li) {
  const form = document.querySelector("#arrive-form");
  if (!form || !can(li, "arrive")) return;
  form.reset();
  form.elements.appointment_id.value = li.dataset.appointment;
  form.elements.version.value = li.dataset.version;
  form.querySelector("[data-identity]").textContent = identity(li);
  form.closest("dialog").showModal();
  form.querySelector("input:not([type=hidden])").focus();
}
function identity(li) {
  const born = li.dataset.born;
  const day = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "long", timeZone: "UTC", numberingSystem: "latn" });
  return born ? `${whoOf(li)}, ${day.format(new Date(born))}` : whoOf(li);
}
document.querySelector("#arrive-form")?.addEventListener("submit", (event) => {
  const li = board.querySelector(`[data-appointment="${CSS.escape(event.target.elements.appointment_id.value)}"]`);
  li?.classList.add("saving");
  sent = { appointment: li?.dataset.appointment ?? "", said: li && text("Arrived", { who: whoOf(li) }) };
  event.target.closest("dialog").close();
});
document.querySelector("#arrive-form [data-close]")?.addEventListener("click", (event) => event.target.closest("dialog").close());

function onKey(event) {
  const li = event.target.closest("li[data-at]");
  if (!li || event.ctrlKey || event.metaKey || event.altKey) return;
  if (moving) {
    keyWhileMoving(event, moving.li);
    event.stopPropagation();
    return;
  }
  const lane = li.parentElement;
  const list = items(lane);
  const here = list.indexOf(li);
  const goes = {
    ArrowDown: () => list[here + 1],
    ArrowUp: () => list[here - 1],
    Home: () => list[0],
    End: () => list.at(-1),
    ArrowRight: () => beside(lane, 1) && itemAt(beside(lane, 1), at(li)),
    ArrowLeft: () => beside(lane, -1) && itemAt(beside(lane, -1), at(li)),
    PageDown: () => itemAt(lane, at(li) + HOUR),
    PageUp: () => itemAt(lane, Math.max(0, at(li) - HOUR)),
  }[event.key];
  const key = event.key.toLowerCase();
  if (goes) {
    event.preventDefault();
    focusItem(goes());
  } else if (key === "m" && can(li, "move")) {
    event.preventDefault();
    startMove(li);
  } else if (key === "a" && can(li, "arrive")) {
    event.preventDefault();
    arrive(li);
  }
}
function keyWhileMoving(event, li) {
  const lane = li.parentElement;
  const by = event.shiftKey ? 1 : step(); // Shift: five minutes
  const to = {
    ArrowUp: [lane, at(li) - by],
    ArrowDown: [lane, at(li) + by],
    ArrowLeft: [beside(lane, -1), at(li)],
    ArrowRight: [beside(lane, 1), at(li)],
  }[event.key];
  if (to) {
    event.preventDefault();
    if (!to[0] || !fits(li, to[1])) return;
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
}

// ---- the mouse: a drag begins after five pixels, so that a click stays a click ----
let drag = null;
addEventListener("pointerdown", (event) => {
  const li = event.target.closest?.("[data-board] .appt");
  if (!li || moving || event.button !== 0 || event.pointerType !== "mouse" || !can(li, "move")) return;
  drag = { li, x: event.clientX, y: event.clientY, on: false, grip: event.clientY - li.getBoundingClientRect().top };
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
    drop();
  }
  drag = null;
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !drag?.on) return;
  drag = null;
  cancelMove();
});

// ---- picking a free time for the form beside the board ----
const quick = () => document.querySelector("#quick");
function openQuick() {
  const panel = quick();
  if (!panel) return;
  panel.open = true;
  const first = panel.querySelector("[autofocus], input:not([type=hidden]), select");
  first?.focus();
  if (first?.matches("input[type=text], input[type=search], input:not([type])")) first.select();
}
function pick(li) {
  board.querySelector(".slot.picked")?.classList.remove("picked");
  li.classList.add("picked");
  const start = li.dataset.start ?? startOf(at(li));
  const values = {
    starts_at: start, day: start.slice(0, 10), start: start.slice(11), resource: li.parentElement.dataset.lane,
  };
  for (const input of quick().querySelectorAll("[data-pick]")) {
    input.value = values[input.dataset.pick];
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("[data-quick]") && quick()) {
    event.preventDefault();
    openQuick();
    return;
  }
  const slot = event.target.closest("[data-board] .slot");
  if (!slot || slot.querySelector("a[data-swap]") || !quick()?.querySelector("[data-pick]")) return;
  event.preventDefault();
  pick(slot);
  openQuick();
});
shortcut("n", () => (quick() ? openQuick() : document.querySelector('[data-key="n"]')?.click()));

// ---- answers of the server, and a fresh board in place of this one ----
document.addEventListener("beforepoll", (event) => {
  if (moving || drag || sent) event.preventDefault();
});
document.addEventListener("swapped", (event) => {
  const fresh = document.querySelector("[data-board]");
  const answered = sent;
  sent = null;
  if (fresh && fresh !== board) replaceBoard(fresh, answered?.appointment);
  if (!answered || event.detail.status !== 200) return;
  const li = board.querySelector(`[data-appointment="${CSS.escape(answered.appointment)}"]`);
  toast(answered.said, answered.undo && li && (() => moveBack(li, answered.undo)));
});
document.addEventListener("swapfailed", () => {
  if (sent?.back) putBack(sent.back);
  else board.querySelector(".saving")?.classList.remove("saving");
  sent = null;
});

function replaceBoard(fresh, appointment) {
  const had = board.contains(document.activeElement) || document.activeElement === document.body;
  const picked = board.querySelector(".slot.picked");
  const focused = board.querySelector("a[tabindex='0']")?.closest("li");
  const found = (li) => li && fresh.querySelector(li.dataset.appointment
    ? `[data-appointment="${CSS.escape(li.dataset.appointment)}"]`
    : `[data-lane="${CSS.escape(li.parentElement?.dataset.lane ?? "")}"] > [data-start="${CSS.escape(li.dataset.start ?? "")}"]`);
  const target = appointment ? fresh.querySelector(`[data-appointment="${CSS.escape(appointment)}"]`) : found(focused);
  const again = found(picked);
  begin(fresh);
  board.scrollTop = scrolled;
  again?.classList.add("picked");
  if (target) roving(target);
  if (target && had) target.querySelector("a").focus({ preventScroll: true });
}

function begin(element) {
  board = element;
  board.addEventListener("keydown", onKey);
  board.addEventListener("scroll", () => { scrolled = board.scrollTop; }, { passive: true });
  const now = board.querySelector(".times .now");
  const first = lanes()[0];
  if (first) roving(itemAt(first, now ? Math.round(now.offsetTop / (first.offsetHeight / rows())) : 0) ?? all()[0]);
}

begin(document.querySelector("[data-board]"));
const now = board.querySelector(".times .now");
if (now) board.scrollTop = Math.max(0, now.offsetTop - board.clientHeight * 0.4);
// On a narrow screen the form is a sheet from below: closed, unless it has something to say.
if (quick() && matchMedia("(max-width: 75rem)").matches && !quick().querySelector("[aria-invalid], .msg, [data-keep-open]")) {
  quick().open = false;
}
