// A row of the table of zones: li[data-was] (µL last time) gets the class `differs`; [data-planned] has data-least and
// data-most (µL of the protocol) and one b[data-fit] for each way to stand to them; li[data-area] (mm²) has [data-cm2]
// with data-least and data-most (µL/cm²).
import { shown } from "./amounts.js";

/** Show what a zone was given, beside its protocol, its last time and its area. */
export function showZone(li, { ul, n, isBegun }) {
  li.classList.toggle("none", !n);
  li.querySelector("meter").value = ul / 1000;
  li.querySelector("[data-zml]").textContent = shown(ul);
  li.querySelector("[data-zn]").textContent = n;
  if (li.dataset.was) li.classList.toggle("differs", isBegun && ul !== Number(li.dataset.was));
  const planned = li.querySelector("[data-planned]");
  if (planned) {
    const fit = !ul ? "" : ul < Number(planned.dataset.least) ? "under" : ul > Number(planned.dataset.most) ? "over" : "within";
    planned.classList.toggle("off", fit === "under" || fit === "over");
    for (const words of planned.children) words.hidden = words.dataset.fit !== fit;
  }
  const density = li.querySelector("[data-cm2]");
  if (!density) return;
  const dense = Math.round((ul * 100) / Number(li.dataset.area)); // µL/cm²
  density.firstElementChild.textContent = shown(dense);
  density.classList.toggle("off", ul > 0 && (dense < Number(density.dataset.least) || dense > Number(density.dataset.most)));
}
