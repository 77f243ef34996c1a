// The shelf of the board: X parks the visit that has the focus; "Place" begins to place one, on any day,
// and then a click or Enter on a free time puts it there. Without this file the shelf is links and buttons.
//   #shelf  data-text-placing (who), data-text-stopped; li[data-parked][data-version] with [data-place]
//   #park-form, #place-form   what is sent; the server alone decides
import { announce, fill } from "./app.js";
import { page, text } from "./board-grid.js";
import { back } from "./board-steps.js";

const KEPT = "placing"; // the id of a visit, no name: it outlives a change of the day
const shelf = () => document.querySelector("#shelf");
const parked = (id) => shelf()?.querySelector(`[data-parked="${CSS.escape(id ?? "")}"]:has([data-place])`);
const placing = () => parked(sessionStorage.getItem(KEPT));

function send(form, values) {
  for (const [name, value] of Object.entries(values)) form.elements[name].value = value;
  form.requestSubmit();
}
/** Show what can be placed, and which is being placed now. */
function draw() {
  const now = placing();
  if (!now) sessionStorage.removeItem(KEPT);
  for (const button of shelf()?.querySelectorAll("[data-place]") ?? []) {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(button.closest("[data-parked]") === now));
  }
  document.querySelector("#board")?.toggleAttribute("data-placing", Boolean(now));
}
function begin(li) {
  sessionStorage.setItem(KEPT, li.dataset.parked);
  draw();
  announce(fill(shelf().dataset.textPlacing, { who: li.querySelector(".who").textContent }));
}
function stop() {
  sessionStorage.removeItem(KEPT);
  draw();
  announce(shelf().dataset.textStopped);
}

// Captured: while something is placed, a free time is no booking.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-place]");
  const li = placing();
  if (button) {
    if (button.closest("[data-parked]") === li) stop();
    else begin(button.closest("[data-parked]"));
    return;
  }
  const slot = li && event.target.closest?.("[data-board] .slot");
  if (!slot || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const who = li.querySelector(".who").textContent;
  page.sent = {
    appointment: li.dataset.parked, asks: true, undo: back("unplace", who),
    said: text("Moved", { who, time: slot.dataset.start.slice(11), lane: slot.parentElement.dataset.name }),
  };
  send(document.querySelector("#place-form"), {
    appointment_id: li.dataset.parked, version: li.dataset.version,
    starts_at: slot.dataset.start, resource_id: slot.parentElement.dataset.lane,
  });
}, true);
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && placing() && !document.querySelector("dialog[open]")) { stop(); return; }
  const card = event.target.closest?.("[data-board] [data-appointment]");
  if (event.key.toLowerCase() !== "x" || !card || document.documentElement.dataset.keys === "off") return;
  if (!(card.dataset.can ?? "").split(" ").includes("move")) return;
  event.preventDefault();
  // What is parked by key is what is placed next: on to the day, then Enter.
  sessionStorage.setItem(KEPT, card.dataset.appointment);
  send(document.querySelector("#park-form"), { appointment_id: card.dataset.appointment, version: card.dataset.version });
});
document.addEventListener("swapped", draw);
draw();
