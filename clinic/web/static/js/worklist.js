// The work list: J and K walk, X selects, E marks done. The form is looked up each time, because
// fragment.js replaces it. What the page has to hold:
//   form[data-worklist]  data-text-selected="%(n)s selected"
//     [data-sel]         says how many are selected; its first text is shown for none
//     [data-all]         selects all; tr[data-row] holds input[name=id] and a link in its th
//     button[data-done]  what E presses
import { fill, shortcut } from "./app.js";

const empty = document.createElement("div"); // stands for the list while nothing is due
const form = () => document.querySelector("[data-worklist]") ?? empty;
const rows = () => [...form().querySelectorAll("[data-row]")];
const boxes = () => [...form().querySelectorAll("[data-row] input[name=id]")];
const current = () => form().querySelector("[data-row].on") ?? rows()[0];
const nothing = form().querySelector("[data-sel]")?.textContent ?? "";

function count() {
  const chosen = boxes().filter((box) => box.checked).length;
  const words = form().querySelector("[data-sel]");
  if (words) words.textContent = chosen ? fill(form().dataset.textSelected, { n: chosen }) : nothing;
  const all = form().querySelector("[data-all]");
  if (!all) return;
  all.checked = chosen > 0 && chosen === boxes().length;
  all.indeterminate = chosen > 0 && chosen < boxes().length;
}
function go(row) {
  if (!row) return;
  form().querySelector("[data-row].on")?.classList.remove("on");
  row.classList.add("on");
  row.querySelector("th a, a")?.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}
function step(by) {
  const list = rows();
  const here = list.findIndex((row) => row.classList.contains("on"));
  go(list[here < 0 ? 0 : Math.min(list.length - 1, Math.max(0, here + by))]);
}

document.addEventListener("change", (event) => {
  if (!event.target.closest("[data-worklist]")) return;
  if (event.target.matches("[data-all]")) for (const box of boxes()) box.checked = event.target.checked;
  count();
});
shortcut("j", () => step(1));
shortcut("k", () => step(-1));
shortcut("x", () => {
  const box = current()?.querySelector("input[name=id]");
  if (box) box.checked = !box.checked;
  count();
});
shortcut("e", () => {
  const button = form().querySelector("button[data-done]");
  const box = current()?.querySelector("input[name=id]");
  if (!button || !box) return;
  if (!boxes().some((other) => other.checked)) box.checked = true;
  form().requestSubmit(button);
});
document.addEventListener("swapped", () => {
  if (!form()) return;
  count();
  if (document.activeElement === document.body) go(rows()[0]);
});
