// The injection map: click or Enter adds a point, arrows walk the zones, Delete removes, Ctrl+Z
// undoes; the table beside it does the same without the drawing. All of it ends in one hidden
// input: points = [{"n": 1, "view": "top", "zone": "vertex", "x": 200, "y": 290, "ul": 100,
// "um": 3000, "gauge": "30", "nl": 4000}, ...] in whole microlitres and micrometres. A row with
// "points": 10 and no place is ten points of a zone, entered without the drawing.
// A point keeps its number when another is removed. What the page has to hold:
//   form[data-scalp]    data-prepared-ul (optional), data-most (points, 200), data-fill-most (40), data-doses='{"vertex": {"points": 18, "ul": 100, ...}}'
//                       (what a tap on a zone gives, else as many points as have room; a setting that was changed goes before it);
//                       sentences: data-text-zone (zone, n, ml), -added (zone, n, total), -removed (n, total),
//                       -remove (n), -full (zone), -number, -many (most), -undone (total), -selected (n, zone), -shut (zone, why),
//                       -filled (zone, n, total), -bounds (least, most)
//     input[name=points], radios [name=map_mode] "points" or "zones": what a tap on the drawing does
//     input[data-per-zone]   points that a tap on a zone gives
//     [data-setting="ul|um|nl|gauge|..."]   what the next point gets; ul, um and nl are typed as mL and mm,
//     with data-least and data-most in thousandths; others as they are, an empty one is left out
//     [data-stage] svg[data-view] > g.zone[data-zone][data-name][role=button] > path, and g.pts;
//     a zone that must not be treated has aria-disabled and data-why; text[data-label=zone] hides while points stand there
//     [data-rows] tbody, template#point-row: one tr with [data-cell="n|zone|points|ml|mm|needle"] and button[data-del]
//     [data-out="total|points|left|zones"], [data-used] meter, [data-count="top"], [data-byzone] > li[data-zone]
//     with meter, [data-zml], [data-zn], buttons [data-dose] [data-more] [data-less]; svg[data-thumb="top"] path[data-zone] gets the class `on`
//     button [data-all] shows the rows of older points too
//     buttons [data-undo] [data-fill] [data-copy='[points]'] [data-add] with [data-add-zone], [data-add-count]
import { shown, thousandths } from "./amounts.js";
import { announce, fill, toast } from "./app.js";
import { showZone } from "./zone-row.js";
import { isFinger, unitsOf, zoneAt } from "./scalp-reach.js";

const form = document.querySelector("form[data-scalp]");
const store = form.elements.points;
const stage = form.querySelector("[data-stage]");
const table = form.querySelector("[data-rows]");
const rowOf = document.querySelector("#point-row").content.firstElementChild;
const SVG = "http://www.w3.org/2000/svg";
const most = Number(form.dataset.most ?? 200);
const text = (name, values) => fill(form.dataset[`text${name}`], values);
const parse = (json) => { try { return JSON.parse(json || "[]"); } catch { return []; } };

let points = parse(store.value);
const before = []; // what Ctrl+Z goes back to; a list and its points are never changed, only replaced
const doses = JSON.parse(form.dataset.doses || "{}");
let warned = "";
const NEWEST = 50; // rows that are shown at first: painting 400 of them takes longer than a tap may
const all = form.querySelector("[data-all]");
let selected = null;
let current = null; // the zone that was last used
let last = Math.max(0, ...points.map((point) => point.n)); // a number is not given twice on a page

// ---- sums ----
const sum = (list) => list.reduce((total, point) => total + point.ul, 0);
const many = (list) => list.reduce((total, point) => total + (point.points ?? 1), 0);
const total = () => shown(sum(points));
const changed = () => store.dispatchEvent(new Event("input", { bubbles: true })); // the guard against losing it listens

// ---- the drawing ----
const zones = () => [...stage.querySelectorAll(".zone")];
const views = () => [...stage.querySelectorAll("svg[data-view]")];
const viewOf = (zone) => zone.closest("svg");
const visible = () => views().find((svg) => getComputedStyle(svg).display !== "none") ?? views()[0];
const nameOf = (code) => zones().find((zone) => zone.dataset.zone === code)?.dataset.name ?? code;
const shut = (zone) => zone.getAttribute("aria-disabled") === "true";

// A point drawn across the edge of its zone could be taken for one of the next: its middle stays
// away from the outline by what it measures.
const AROUND = [[0, 0], [6, 0], [-6, 0], [0, 6], [0, -6]];
const TIGHT = 13; // units between two points, at least
const isFree = (taken, x, y) => taken.every((p) => Math.hypot(p.x - x, p.y - y) > TIGHT);
/** Free places of a zone, 18 units apart or, where the zone is too narrow for one, as close as may be.
    For a whole dose they come closer step by step, until that many have room. */
function spots(zone, count, isWhole) {
  const { view } = viewOf(zone).dataset;
  const taken = points.filter((point) => point.view === view);
  if (!isWhole) return walk(zone, walk(zone, 18, 1, []).length ? 18 : 3, count, taken);
  let best = [];
  for (const step of [18, 16, 14, 3]) {
    const found = walk(zone, step, count, taken);
    if (found.length > best.length) best = found;
    if (best.length === count) break;
  }
  return best;
}
function walk(zone, step, count, taken) {
  const svg = viewOf(zone);
  const path = zone.querySelector("path");
  const box = path.getBBox();
  const probe = svg.createSVGPoint();
  const found = [];
  const isInside = (x, y) => AROUND.every(([right, down]) => {
    probe.x = x + right;
    probe.y = y + down;
    return path.isPointInFill(probe);
  });
  for (let y = box.y + 12, odd = 0; y < box.y + box.height - 6; y += (step * 8) / 9, odd ^= 1) {
    for (let x = box.x + (step * 2) / 3 + (odd * step) / 2; x < box.x + box.width - 6; x += step) {
      if (!isInside(x, y) || !isFree(taken, x, y) || !isFree(found, x, y)) continue;
      if (found.push({ x: Math.round(x), y: Math.round(y) }) === count) return found;
    }
  }
  return found;
}
const was = new Map([...form.querySelectorAll("[data-setting]")].map((input) => [input, input.value]));
const AMOUNTS = new Set(["ul", "um", "nl"]);
function settings(by) {
  const values = {};
  for (const input of form.querySelectorAll("[data-setting]")) {
    const name = input.dataset.setting;
    const { least, most: greatest } = input.dataset;
    if (name in by && input.value === was.get(input)) { values[name] = by[name]; continue; }
    if (!AMOUNTS.has(name)) {
      if (input.value) values[name] = input.value;
      continue;
    }
    values[name] = thousandths(input.value);
    const outside = greatest && (values[name] < Number(least) || values[name] > Number(greatest));
    if (values[name] === null || outside) {
      input.focus();
      toast(outside ? text("Bounds", { least: shown(Number(least), 0), most: shown(Number(greatest), 0) }) : text("Number"));
      return null;
    }
  }
  return values;
}
/** Add up to `count` points at free places of a zone, or one where it was clicked; with `isWhole` those that
    find no place stand in one row without places. */
function add(zone, { count = 1, place = null, isWhole = false, by = {} } = {}) {
  if (shut(zone)) { toast(text("Shut", { zone: zone.dataset.name, why: zone.dataset.why })); return; }
  const values = settings(by);
  if (!values) return;
  const room = Math.min(count, most - many(points));
  const places = room < 1 ? [] : place ? [place] : spots(zone, room, isWhole);
  const { view } = viewOf(zone).dataset;
  const fresh = places.map((spot) => ({ n: ++last, view, zone: zone.dataset.zone, ...spot, ...values }));
  const rest = isWhole ? Math.min(count - fresh.length, most - many(points) - fresh.length) : 0;
  if (rest > 0) fresh.push({ n: ++last, zone: zone.dataset.zone, points: rest, ...values, ul: values.ul * rest });
  if (!fresh.length) {
    toast(many(points) === most ? text("Many", { most }) : text("Full", { zone: zone.dataset.name }));
    return;
  }
  warn();
  keep([...points, ...fresh]);
  const said = { zone: zone.dataset.name, n: many(fresh) > 1 ? many(fresh) : last, total: total() };
  announce(text(many(fresh) > 1 ? "Filled" : "Added", said));
}
/** Give a zone its dose: as many points as are asked for, else by the protocol, else as many as have room. */
function dose(zone) {
  const { points: usual, ...by } = doses[zone.dataset.zone] ?? {};
  const asked = Number.parseInt(form.querySelector("[data-per-zone]")?.value, 10) || usual;
  if (asked) add(zone, { count: Math.min(asked, most), isWhole: true, by });
  else add(zone, { count: Number(form.dataset.fillMost ?? 40) });
}
const inZones = () => form.querySelector("[name=map_mode]:checked")?.value === "zones";
/** Remind once of each gate before the first point that is open: nothing is kept before them. */
function warn() {
  const open = [...document.querySelectorAll(".gates [data-open]")].map((gate) => gate.dataset.open).join(" ");
  if (open && open !== warned) toast(open);
  warned = open;
}
function remove(n) {
  keep(points.filter((point) => point.n !== n));
  announce(text("Removed", { n, total: total() }));
}
/** Take one point of a zone away: the newest, or one of several that stand in its row. */
function less(code) {
  const newest = points.findLast((point) => point.zone === code);
  const many = newest?.points ?? 1;
  if (!newest) return;
  if (many === 1) { remove(newest.n); return; }
  const fewer = { ...newest, points: many - 1, ul: newest.ul - Math.round(newest.ul / many) };
  keep(points.map((point) => (point === newest ? fewer : point)));
  announce(text("Removed", { n: newest.n, total: total() }));
}
function undo() {
  if (!before.length) return;
  points = before.pop();
  show();
  changed();
  announce(text("Undone", { total: total() }));
}
function keep(next) {
  before.push(points);
  points = next;
  last = Math.max(last, ...points.map((point) => point.n));
  show();
  changed();
}

// ---- showing: what belongs to a point is made once ----
const made = new WeakMap();
function circle(cls, r) {
  const element = document.createElementNS(SVG, "circle");
  element.setAttribute("class", cls);
  element.setAttribute("r", r);
  return element;
}
function mark(point) {
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", "pt k1");
  group.setAttribute("transform", `translate(${point.x} ${point.y})`);
  group.dataset.n = point.n;
  group.append(circle("hit", 7), circle("m", point.ul >= 100 ? 5 : 3.8));
  return group;
}
function row(point) {
  const tr = rowOf.cloneNode(true);
  const cells = {
    n: point.n, zone: nameOf(point.zone), ml: shown(point.ul), mm: point.um === undefined ? "" : shown(point.um, 0),
    points: point.points ?? 1,
    needle: point.gauge ? `${point.gauge} G${point.nl ? ` × ${shown(point.nl, 0)} mm` : ""}` : "",
  };
  for (const cell of tr.querySelectorAll("[data-cell]")) cell.textContent = cells[cell.dataset.cell] ?? "";
  tr.dataset.n = point.n;
  tr.querySelector("[data-del]").setAttribute("aria-label", text("Remove", { n: point.n }));
  return tr;
}
function put(name, value) {
  for (const output of form.querySelectorAll(`[data-out="${name}"]`)) output.textContent = value;
}
function partsOf(point) {
  if (!made.has(point)) made.set(point, { tr: row(point), g: point.view ? mark(point) : null });
  const parts = made.get(point);
  for (const part of [parts.tr, parts.g]) part?.classList.toggle("sel", point.n === selected);
  return parts;
}
/** Bring the children of a place into this order, touching only those that are not. */
function arrange(place, wanted) {
  let at = place.firstElementChild;
  for (const element of wanted) {
    if (element === at) at = at.nextElementSibling;
    else place.insertBefore(element, at);
  }
  while (at) {
    const next = at.nextElementSibling;
    at.remove();
    at = next;
  }
}
const say = (element, name, value) => { if (element.getAttribute(name) !== value) element.setAttribute(name, value); };
function show() {
  store.value = JSON.stringify(points);
  const parts = points.map(partsOf);
  const rows = parts.map(({ tr }) => tr).reverse();
  arrange(table, rows);
  rows.forEach((tr, index) => { tr.hidden = index >= NEWEST && !all.dataset.shown && !tr.classList.contains("sel"); });
  all.hidden = rows.length <= NEWEST || "shown" in all.dataset;
  const seen = new Map(views().map((svg) => [svg.dataset.view, []]));
  points.forEach((point, index) => seen.get(point.view)?.push(parts[index].g));
  for (const svg of views()) arrange(svg.querySelector(".pts"), seen.get(svg.dataset.view));
  const given = sum(points);
  const per = group(points);
  put("total", shown(given));
  put("points", many(points));
  put("zones", per.size);
  const prepared = Number(form.dataset.preparedUl);
  if (prepared) {
    put("left", shown(prepared - given));
    form.querySelector('[data-out="left"]')?.closest("dd").classList.toggle("excess", given > prepared);
    const used = form.querySelector("[data-used]");
    if (used) used.value = given / 1000;
  }
  for (const count of form.querySelectorAll("[data-count]")) count.textContent = seen.get(count.dataset.count).length;
  for (const li of form.querySelectorAll("[data-byzone] > [data-zone]")) {
    const list = per.get(li.dataset.zone) ?? [];
    showZone(li, { ul: sum(list), n: many(list), isBegun: points.length > 0 });
  }
  const covered = new Set(points.map((point) => `${point.view} ${point.zone}`));
  for (const path of form.querySelectorAll("[data-thumb] [data-zone]")) {
    path.classList.toggle("on", covered.has(`${path.closest("[data-thumb]").dataset.thumb} ${path.dataset.zone}`));
  }
  for (const label of stage.querySelectorAll("[data-label]")) { // a short name makes room for points
    const isCovered = covered.has(`${label.closest("svg").dataset.view} ${label.dataset.label}`);
    say(label, "visibility", isCovered ? "hidden" : "visible");
  }
  for (const zone of zones()) {
    const list = per.get(zone.dataset.zone) ?? [];
    const ul = sum(list);
    const heat = !list.length ? "" : ul >= 1200 ? "h3" : ul >= 800 ? "h2" : "h1";
    for (const step of ["h1", "h2", "h3"]) zone.classList.toggle(step, step === heat);
    say(zone, "aria-label", text("Zone", { zone: zone.dataset.name, n: many(list), ml: shown(ul) }));
  }
}
function group(list) {
  const map = new Map();
  for (const point of list) {
    if (!map.has(point.zone)) map.set(point.zone, []);
    map.get(point.zone).push(point);
  }
  return map;
}
function select(n) {
  selected = selected === n ? null : n;
  show();
  const point = points.find((other) => other.n === selected);
  if (!point) return;
  table.querySelector(`[data-n="${n}"]`)?.scrollIntoView({ block: "nearest" });
  announce(text("Selected", { n, zone: nameOf(point.zone) }));
}
/** The zone of a code in the view that is shown, else in the first that has it. */
const zoneOf = (code) => [...visible().querySelectorAll(".zone"), ...zones()].find((zone) => zone.dataset.zone === code);
function use(zone) {
  current = zone;
  for (const other of viewOf(zone).querySelectorAll(".zone")) other.tabIndex = other === zone ? 0 : -1;
}

// ---- hands: pointer and keys ----
const press = (zone) => { for (const other of zones()) other.classList.toggle("pressed", other === zone); };
stage.addEventListener("pointerdown", (event) => press(zoneAt(event)));
for (const end of ["pointerup", "pointercancel", "pointerleave"]) stage.addEventListener(end, () => press(null));
stage.addEventListener("click", (event) => {
  const point = event.target.closest(".pt");
  if (point && !inZones()) { select(Number(point.dataset.n)); return; }
  const code = point && points.find((other) => other.n === Number(point.dataset.n))?.zone;
  const zone = code ? zoneOf(code) : zoneAt(event);
  if (!zone) return;
  use(zone);
  if (inZones()) { dose(zone); return; }
  // A screen reader's click has no place: it takes the next free one, like Enter.
  if (event.detail === 0) { add(zone); return; }
  const { x, y } = unitsOf(viewOf(zone), event);
  const taken = points.filter((other) => other.view === viewOf(zone).dataset.view);
  const isClear = event.target.closest(".zone") && (!isFinger(event) || isFree(taken, x, y));
  const far = (spot) => Math.hypot(spot.x - x, spot.y - y);
  const place = isClear ? { x: Math.round(x), y: Math.round(y) } : spots(zone).sort((one, other) => far(one) - far(other))[0];
  add(zone, place ? { place } : {});
});
stage.addEventListener("keydown", (event) => {
  const zone = event.target.closest(".zone");
  if (!zone || event.ctrlKey || event.metaKey || event.altKey) return;
  const list = [...viewOf(zone).querySelectorAll(".zone")];
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    use(zone);
    if (inZones()) dose(zone);
    else add(zone);
  } else if (by) {
    event.preventDefault();
    const next = list[(list.indexOf(zone) + by + list.length) % list.length];
    use(next);
    next.focus();
  } else if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault();
    const last = points.findLast((point) => point.zone === zone.dataset.zone);
    const chosen = points.find((point) => point.n === selected && point.zone === zone.dataset.zone);
    if (chosen ?? last) remove((chosen ?? last).n);
  }
});
stage.addEventListener("focusin", (event) => {
  const zone = event.target.closest(".zone");
  if (zone) current = zone;
});
table.addEventListener("click", (event) => {
  const tr = event.target.closest("tr");
  if (!tr) return;
  if (!event.target.closest("[data-del]")) { select(Number(tr.dataset.n)); return; }
  const index = [...table.rows].indexOf(tr);
  remove(Number(tr.dataset.n));
  const next = table.rows[Math.min(index, table.rows.length - 1)];
  (next?.querySelector("[data-del]") ?? form.querySelector("[data-add]"))?.focus();
});
form.addEventListener("keydown", (event) => {
  const writing = event.target.closest("textarea, input:not([type=radio], [type=checkbox])");
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || writing) return;
  event.preventDefault();
  undo();
});
all.addEventListener("click", () => {
  all.dataset.shown = "1";
  show();
  table.rows[NEWEST]?.querySelector("[data-del]").focus();
});
form.querySelector("[data-undo]")?.addEventListener("click", undo);
form.querySelector("[data-fill]")?.addEventListener("click", () => {
  const svg = visible();
  const zone = current && viewOf(current) === svg ? current : svg.querySelector(".zone[tabindex='0'], .zone");
  add(zone, { count: Number(form.dataset.fillMost ?? 40) });
});
form.querySelector("[data-copy]")?.addEventListener("click", (event) => {
  warn();
  keep(parse(event.currentTarget.dataset.copy));
  announce(text("Filled", { zone: "", n: points.length, total: total() }));
});
form.querySelector("[data-add]")?.addEventListener("click", (event) => {
  event.preventDefault(); // without this file the server adds the points
  const code = form.querySelector("[data-add-zone]").value;
  const count = Math.max(1, Number.parseInt(form.querySelector("[data-add-count]")?.value ?? "1", 10) || 1);
  const zone = zoneOf(code);
  if (zone) add(zone, { count });
});
form.querySelector("[data-byzone]")?.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  const code = event.target.closest("[data-zone]")?.dataset.zone;
  if (!button || !code) return;
  if ("dose" in button.dataset) dose(zoneOf(code));
  if ("more" in button.dataset) add(zoneOf(code), { isWhole: true });
  if ("less" in button.dataset) less(code);
});

show();
