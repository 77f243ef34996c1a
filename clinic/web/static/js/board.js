// The board: one Tab stop, arrows in two dimensions, every step one key. Without these files it is a
// page of links and buttons. What the page has to hold:
//   [data-board]  data-day="2026-11-22" data-open="480" (minute of the first row) data-rows="120"
//                 data-step="3" (rows of one step)
//   #board-texts  what the scripts say, of board/_texts.html
//     [data-lane="7"] data-name data-day data-takes   one column, an <ol>; its value goes into resource_id
//       li.slot[data-at][data-n][data-start="2026-11-22T11:15"] > a      a free time
//       li.appt[data-at][data-n][data-appointment][data-version][data-can="move arrive"] > a.appt-card
//         data-own="6:5 12:2"            first row and rows of its practitioner's own parts, when not all of it
//   #quick        a <details> to book in: inputs with data-pick="starts_at|day|start|resource"
import { announce, shortcut, toast } from "./app.js";
import { ROW, all, at, beside, can, cardOf, current, focusItem, glide, itemAt, items, lanes, page, roving, rows, startOf } from "./board-grid.js";
import { blockingOf, isDrawing, letDraw, mark, onwards } from "./board-span.js";
import { isMoving, keyWhileMoving, putBack, startMove } from "./board-move.js";
import { back, showIdentity, stepKey, stepPress, tick } from "./board-steps.js";

const HOUR = 12;
let scrolled = { top: 0, left: 0 };

function onKey(event) {
  const li = event.target.closest("[data-at]");
  if (!li || event.ctrlKey || event.metaKey || event.altKey) return;
  if (keyWhileMoving(event) || event.target.matches("button")) return;
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
  } else if (document.documentElement.dataset.keys === "off") {
    return; // Single keys are switched off for this person.
  } else if (key === "m" && can(li, "move")) {
    event.preventDefault();
    startMove(li);
  } else if (key === "b" && li.matches(".slot") && blockingOf(li)) {
    event.preventDefault();
    location.assign(blockingOf(li));
  } else if (stepKey(key, li)) {
    event.preventDefault();
  }
}
// An arrow pressed while nothing has the focus begins to walk where one was last.
addEventListener("keydown", (event) => {
  if (document.activeElement !== document.body || !/^Arrow(Up|Down|Left|Right)$/.test(event.key)) return;
  event.preventDefault();
  focusItem(current());
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
function pick(slots) {
  const [li] = slots;
  mark(page.board, slots);
  const start = li.dataset.start ?? startOf(li.parentElement, at(li));
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
  if (event.target.closest("[data-dismiss]")) dismiss(event.target.closest(".notice"));
  const pressed = event.target.closest("[data-board] [data-act]");
  if (pressed && stepPress(pressed.dataset.act, pressed.closest("[data-at]"))) {
    event.preventDefault();
    return;
  }
  if (event.target.closest("[data-quick]") && quick()) {
    event.preventDefault();
    openQuick();
    return;
  }
  const slot = event.target.closest("[data-board] .slot");
  if (!slot || slot.querySelector("a[data-swap]") || !quick()?.querySelector("[data-pick]")) return;
  event.preventDefault();
  pick([slot]);
  openQuick();
});
letDraw((slots) => {
  if (!quick()?.querySelector("[data-pick]")) return;
  pick(slots);
  openQuick();
}, pick);
// With a visit in focus its own next opening is asked for, or the one after it of its course.
shortcut("g", () => {
  const link = document.querySelector('[data-key="g"]');
  const li = page.board.contains(document.activeElement) && current();
  if (link) location.assign(li?.dataset?.appointment ? `${link.href}?appointment_id=${li.dataset.appointment}` : link.href);
});
shortcut("n", () => (quick() ? openQuick() : document.querySelector('[data-key="n"]')?.click()));

// ---- answers of the server, and a fresh board in place of this one ----
document.addEventListener("beforepoll", (event) => {
  if (isMoving() || isDrawing() || page.sent) event.preventDefault();
});
document.addEventListener("swapped", (event) => {
  const fresh = document.querySelector("[data-board]");
  const answered = page.sent;
  page.sent = null;
  // A refusal leaves the focus where the key was pressed: for a time that was to be placed, at that time.
  const moved = event.detail.status === 200 || answered?.back ? answered?.appointment : null;
  if (fresh && fresh !== page.board) replaceBoard(fresh, moved);
  const li = answered && cardOf(answered.appointment);
  if (answered?.asks) keepInstead(); // Before it glides: until then it is nowhere else.
  if (answered?.back && event.detail.status !== 200) glide(li, answered.from);
  if (!answered?.said || event.detail.status !== 200) return;
  const undoing = document.querySelector("#undo [autofocus]"); // It went to a day that is not shown.
  if (undoing) { document.querySelector("#notices").replaceChildren(); undoing.focus(); return; }
  const undo = answered.undo && li && (() => {
    const now = cardOf(answered.appointment);
    if (now) answered.undo(now);
  });
  toast(answered.said, undo, keptNotice());
});
/** Keep why a visit was not moved, and what is free instead, below the board: a fresh board leaves it. */
function keepInstead() {
  const instead = page.board.closest("#board").querySelector("#instead");
  document.querySelector("#notices").replaceChildren(...(instead ? [instead] : []));
  if (!instead) return;
  instead.querySelector("button[name=take]").focus();
  const card = cardOf(instead.querySelector("[name=appointment_id]").value);
  card?.querySelector("a").scrollIntoView({ block: "nearest" });
}
/** Leave a visit where it is: its card has the focus again. */
function dismiss(notice) {
  const id = notice.querySelector("[name=appointment_id]")?.value;
  notice.remove();
  if (id && notice.id === "instead") focusItem(cardOf(id));
}
document.addEventListener("keydown", (event) => {
  const notice = event.key === "Escape" && event.target.closest?.("#instead");
  if (notice) dismiss(notice);
});
/** Take the question whether the patient shall be told aside, to be asked once the bar has closed. */
function keptNotice() {
  const question = page.board.closest("#board").querySelector("#notice");
  const place = document.querySelector("#notices");
  place.replaceChildren(...(question ? [question] : []));
  return question && (() => {
    question.hidden = false;
    announce(question.querySelector("p").textContent);
  });
}
document.addEventListener("submit", (event) => event.target.closest("#notice")?.setAttribute("hidden", ""));
document.addEventListener("submit", (event) => {
  const form = event.target.closest("#instead form");
  if (!form) return;
  const { undo, who } = form.dataset;
  const li = cardOf(form.elements.appointment_id.value);
  page.sent = {
    appointment: form.elements.appointment_id.value, asks: true, said: event.submitter?.dataset.said,
    undo: back(undo, who), from: li?.getBoundingClientRect() ?? { x: 0, y: 0 },
  };
});
document.addEventListener("swapfailed", () => {
  if (page.sent?.back) putBack(page.sent.back);
  else page.board.querySelector(".saving")?.classList.remove("saving");
  page.sent = null;
});

/** What to look for in a fresh board to find an item again. */
const trace = (li) => li && (li.dataset.appointment
  ? `[data-appointment="${CSS.escape(li.dataset.appointment)}"]`
  : `[data-lane="${CSS.escape(li.parentElement?.dataset.lane ?? "")}"] > [data-start="${CSS.escape(li.dataset.start ?? "")}"]`);

function replaceBoard(fresh, appointment) {
  const old = page.board;
  const had = document.activeElement === document.body || old.contains(document.activeElement);
  const picked = [...old.querySelectorAll(".slot.picked")].map(trace);
  const traces = [appointment && `[data-appointment="${CSS.escape(appointment)}"]`, trace(current())];
  const target = traces.map((one) => one && fresh.querySelector(one)).find(Boolean);
  const again = picked.map((one) => fresh.querySelector(one));
  const left = scrolled;
  const row = current() && { lane: lanes().indexOf(current().parentElement), at: at(current()) };
  begin(fresh);
  page.board.scrollTo(left);
  if (again[0]) mark(fresh, onwards(again[0]).filter((li) => again.includes(li)));
  // What had the focus may be gone: somebody else took that time. Then the nearest one has it.
  const next = target ?? (row && lanes()[row.lane] && itemAt(lanes()[row.lane], row.at));
  if (next) roving(next);
  if (next && had) next.querySelector("a").focus({ preventScroll: true });
}

function begin(element) {
  page.board = element;
  const { board } = page;
  board.addEventListener("keydown", onKey);
  board.addEventListener("focusin", (event) => {
    const li = event.target.closest("[data-at]");
    if (li && event.target.matches("a")) roving(li); // by the mouse, too
    showIdentity(li);
  });
  board.addEventListener("focusout", (event) => { if (!board.contains(event.relatedTarget)) showIdentity(null); });
  board.addEventListener("scroll", () => { scrolled = { top: board.scrollTop, left: board.scrollLeft }; }, { passive: true });
  tick(true);
  const now = board.querySelector(".times .now");
  const first = lanes()[0];
  if (first) roving(itemAt(first, now ? Math.round(now.offsetTop / (first.offsetHeight / rows())) : 0) ?? all()[0]);
}

// ---- from one view to the next the focus stays where it was ----
const KEPT = "board-focus";
addEventListener("pagehide", () => {
  const left = document.activeElement;
  // Also a form of the page, such as the one that hides names, comes back to where one was.
  const li = (page.board.contains(left) || left?.closest("form")) && current();
  if (li) sessionStorage.setItem(KEPT, JSON.stringify({ id: li.dataset.appointment, start: li.dataset.start ?? startOf(li.parentElement, at(li)) }));
  else sessionStorage.removeItem(KEPT);
});
function refocus() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  sessionStorage.removeItem(KEPT);
  if (!kept) return false;
  const [hour, minute] = kept.start.slice(11).split(":").map(Number);
  const row = (hour * 60 + minute - Number(page.board.dataset.open)) / ROW;
  const li = (kept.id && cardOf(kept.id)) || page.board.querySelector(`[data-start="${CSS.escape(kept.start)}"]`) ||
    (lanes()[0] && itemAt(lanes()[0], row));
  focusItem(li);
  return Boolean(li);
}

begin(document.querySelector("[data-board]"));
const now = page.board.querySelector(".times .now");
const today = page.board.querySelector(".board-cell.today");
if (today) page.board.scrollLeft = today.offsetLeft + today.offsetWidth - page.board.clientWidth;
const asked = document.querySelector("#undo [autofocus]"); // The page has something to say first.
asked?.focus(); // The browser's own autofocus may come before this or after.
const isKept = !asked && refocus();
if (now && !isKept) page.board.scrollTop = Math.max(0, now.offsetTop - page.board.clientHeight * 0.4);
// On a narrow screen the form is a sheet from below: closed, unless it has something to say.
const narrow = matchMedia("(max-width: 75rem)");
function tuckAway() {
  if (!narrow.matches || !quick() || quick().querySelector("[aria-invalid], .msg, [data-keep-open]")) return;
  if (quick().contains(document.activeElement)) quick().querySelector("summary").focus();
  quick().open = false;
}
tuckAway();
narrow.addEventListener("change", tuckAway);
