// The injection map: click or Enter adds a point, arrows walk the zones, Delete removes, Ctrl+Z
// undoes; the table beside it does the same without the drawing. All of it ends in one hidden
// input: points = [{"n": 1, "view": "top", "zone": "vertex", "x": 200, "y": 290, "ul": 100,
// "um": 3000, "gauge": "30", "nl": 4000}, ...] in whole microlitres and micrometres. A row with
// "points": 10 and no place is ten points of a zone, entered without the drawing.
// A point keeps its number when another is removed. What the page has to hold:
//   form[data-scalp]    data-prepared-ul (optional), data-most (points, 200), data-fill-most (40);
//                       sentences: data-text-zone (zone, n, ml), -added (zone, n, total), -removed (n, total),
//                       -remove (n), -full (zone), -number, -many (most), -undone (total), -selected (n, zone), -shut (zone, why),
//                       -filled (zone, n, total), -bounds (least, most)
//     input[name=points]
//     [data-setting="ul|um|nl|gauge|product"]   what the next point gets; ul, um and nl are typed as mL and mm,
//     with data-least and data-most in thousandths
//     [data-stage] svg[data-view] > g.zone[data-zone][data-name][role=button] > path, and g.pts;
//     a zone that must not be treated has aria-disabled and data-why; text[data-label=zone] hides while points stand there
//     [data-rows] tbody, template#point-row: one tr with [data-cell="n|zone|points|ml|mm|product|needle"] and button[data-del]
//     [data-out="total|points|left|zones"], [data-used] meter, [data-count="top"], [data-byzone] > li[data-zone]
//     with meter, [data-zml], [data-zn]; svg[data-thumb="top"] path[data-zone] gets the class `on`
//     buttons [data-undo] [data-fill] [data-copy='[points]'] [data-add] with [data-add-zone], [data-add-count]
import { announce, fill, toast } from "./app.js";

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
const before = []; // what Ctrl+Z goes back to
let selected = null;
let current = null; // the zone that was last used
let last = Math.max(0, ...points.map((point) => point.n)); // a number is not given twice on a page

// ---- numbers: whole thousandths, comma and point alike ----
const EASTERN = "٠١٢٣٤٥٦٧٨٩";
function thousandths(raw) {
  const plain = raw.trim().replace(/[٠-٩]/g, (digit) => EASTERN.indexOf(digit)).replace(/[,٫]/, ".");
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(plain)) return null;
  const [whole, rest = ""] = plain.split(".");
  return Number(whole) * 1000 + Number(rest.padEnd(3, "0"));
}
function shown(amount, places = 2) {
  const sign = amount < 0 ? "-" : "";
  const digits = String(Math.abs(amount)).padStart(4, "0");
  const rest = digits.slice(-3).replace(/0+$/, "").padEnd(places, "0");
  return `${sign}${digits.slice(0, -3)}${rest ? `.${rest}` : ""}`;
}
const sum = (list) => list.reduce((total, point) => total + point.ul, 0);
const many = (list) => list.reduce((total, point) => total + (point.points ?? 1), 0);
const total = () => shown(sum(points));

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
/** The next free places of a zone: a hexagonal walk 18 units apart, inside the outline. */
function* spots(zone) {
  const svg = viewOf(zone);
  const path = zone.querySelector("path");
  const box = path.getBBox();
  const taken = points.filter((point) => point.view === svg.dataset.view);
  const probe = svg.createSVGPoint();
  let odd = 0;
  for (let y = box.y + 12; y < box.y + box.height - 6; y += 16, odd ^= 1) {
    for (let x = box.x + 12 + odd * 9; x < box.x + box.width - 6; x += 18) {
      const inside = AROUND.every(([right, down]) => {
        probe.x = x + right;
        probe.y = y + down;
        return path.isPointInFill(probe);
      });
      if (inside && taken.every((p) => Math.hypot(p.x - x, p.y - y) > 13)) {
        yield [Math.round(x), Math.round(y)];
      }
    }
  }
}
const AMOUNTS = new Set(["ul", "um", "nl"]);
function settings() {
  const values = {};
  for (const input of form.querySelectorAll("[data-setting]")) {
    const name = input.dataset.setting;
    const { least, most: greatest } = input.dataset;
    values[name] = AMOUNTS.has(name) ? thousandths(input.value) : input.value;
    const outside = greatest && (values[name] < Number(least) || values[name] > Number(greatest));
    if (values[name] === null || outside) {
      input.focus();
      toast(outside ? text("Bounds", { least: shown(Number(least), 0), most: shown(Number(greatest), 0) }) : text("Number"));
      return null;
    }
  }
  return values;
}
/** Add up to `count` points at free places of a zone, or one where it was clicked. */
function add(zone, { count = 1, place = null } = {}) {
  if (shut(zone)) { toast(text("Shut", { zone: zone.dataset.name, why: zone.dataset.why })); return; }
  const values = settings();
  if (!values) return;
  const free = place ? [place][Symbol.iterator]() : spots(zone);
  const fresh = [];
  for (const [x, y] of free) {
    if (fresh.length === count || many(points) + fresh.length === most) break;
    fresh.push({ n: ++last, view: viewOf(zone).dataset.view, zone: zone.dataset.zone, x, y, ...values });
  }
  if (!fresh.length) {
    announce(many(points) === most ? text("Many", { most }) : text("Full", { zone: zone.dataset.name }));
    return;
  }
  keep([...points, ...fresh]);
  const said = { zone: zone.dataset.name, n: fresh.length > 1 ? fresh.length : last, total: total() };
  announce(text(fresh.length > 1 ? "Filled" : "Added", said));
}
function remove(n) {
  keep(points.filter((point) => point.n !== n));
  announce(text("Removed", { n, total: total() }));
}
function undo() {
  if (!before.length) return;
  points = parse(before.pop());
  show();
  announce(text("Undone", { total: total() }));
}
function keep(next) {
  before.push(JSON.stringify(points));
  points = next;
  last = Math.max(last, ...points.map((point) => point.n));
  show();
  store.dispatchEvent(new Event("input", { bubbles: true })); // the guard against losing it listens
}

// ---- showing: always everything, from the one list ----
function kindOf(product) {
  const choice = form.querySelector('[data-setting="product"]');
  const index = [...(choice?.options ?? [])].findIndex((option) => option.value === product);
  return index > 0 ? `k${Math.min(index, 2) + 1}` : "k1";
}
function productName(product) {
  const choice = form.querySelector('[data-setting="product"]');
  const option = [...(choice?.options ?? [])].find((other) => other.value === product);
  return option?.dataset.short ?? option?.textContent.trim() ?? product ?? "";
}
function circle(cls, r) {
  const element = document.createElementNS(SVG, "circle");
  element.setAttribute("class", cls);
  element.setAttribute("r", r);
  return element;
}
function mark(point) {
  const group = document.createElementNS(SVG, "g");
  group.setAttribute("class", `pt ${kindOf(point.product)}${point.n === selected ? " sel" : ""}`);
  group.setAttribute("transform", `translate(${point.x} ${point.y})`);
  group.dataset.n = point.n;
  group.append(circle("hit", 7), circle("m", point.ul >= 100 ? 5 : 3.8));
  return group;
}
function row(point) {
  const tr = rowOf.cloneNode(true);
  const cells = {
    n: point.n, zone: nameOf(point.zone), ml: shown(point.ul), mm: point.um === undefined ? "" : shown(point.um, 0),
    points: point.points ?? 1, product: productName(point.product),
    needle: point.gauge ? `${point.gauge} G${point.nl ? ` × ${shown(point.nl, 0)} mm` : ""}` : "",
  };
  for (const cell of tr.querySelectorAll("[data-cell]")) cell.textContent = cells[cell.dataset.cell] ?? "";
  tr.dataset.n = point.n;
  tr.classList.toggle("sel", point.n === selected);
  tr.querySelector("[data-del]").setAttribute("aria-label", text("Remove", { n: point.n }));
  return tr;
}
function put(name, value) {
  for (const output of form.querySelectorAll(`[data-out="${name}"]`)) output.textContent = value;
}
function show() {
  store.value = JSON.stringify(points);
  table.replaceChildren(...[...points].reverse().map(row));
  for (const svg of views()) {
    svg.querySelector(".pts").replaceChildren(...points.filter((point) => point.view === svg.dataset.view).map(mark));
  }
  const given = sum(points);
  const per = Map.groupBy?.(points, (point) => point.zone) ?? group(points);
  put("total", shown(given));
  put("points", many(points));
  put("zones", per.size);
  const prepared = Number(form.dataset.preparedUl ?? NaN);
  if (prepared) {
    put("left", shown(prepared - given));
    for (const output of form.querySelectorAll('[data-out="left"]')) {
      output.closest("dd")?.classList.toggle("excess", given > prepared);
    }
  }
  for (const meter of form.querySelectorAll("[data-used]")) meter.value = given / 1000;
  for (const count of form.querySelectorAll("[data-count]")) {
    count.textContent = points.filter((point) => point.view === count.dataset.count).length;
  }
  for (const li of form.querySelectorAll("[data-byzone] > [data-zone]")) {
    const list = per.get(li.dataset.zone) ?? [];
    li.hidden = !list.length;
    li.querySelector("meter").value = sum(list) / 1000;
    li.querySelector("[data-zml]").textContent = shown(sum(list));
    li.querySelector("[data-zn]").textContent = many(list);
  }
  for (const path of form.querySelectorAll("[data-thumb] [data-zone]")) {
    const { thumb } = path.closest("[data-thumb]").dataset;
    path.classList.toggle("on", points.some((p) => p.view === thumb && p.zone === path.dataset.zone));
  }
  for (const label of stage.querySelectorAll("[data-label]")) { // a short name makes room for points
    const view = label.closest("svg").dataset.view;
    const covered = points.some((point) => point.view === view && point.zone === label.dataset.label);
    label.setAttribute("visibility", covered ? "hidden" : "visible");
  }
  for (const zone of zones()) {
    const list = per.get(zone.dataset.zone) ?? [];
    const ul = sum(list);
    zone.classList.remove("h1", "h2", "h3");
    if (list.length) zone.classList.add(ul >= 1200 ? "h3" : ul >= 800 ? "h2" : "h1");
    zone.setAttribute("aria-label", text("Zone", { zone: zone.dataset.name, n: many(list), ml: shown(ul) }));
  }
}
function group(list) {
  const map = new Map();
  for (const point of list) map.set(point.zone, [...(map.get(point.zone) ?? []), point]);
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
function use(zone) {
  current = zone;
  for (const other of viewOf(zone).querySelectorAll(".zone")) other.tabIndex = other === zone ? 0 : -1;
}

// ---- hands: pointer and keys ----
stage.addEventListener("click", (event) => {
  const point = event.target.closest(".pt");
  if (point) { select(Number(point.dataset.n)); return; }
  const zone = event.target.closest(".zone");
  if (!zone) return;
  use(zone);
  const svg = viewOf(zone);
  const spot = svg.createSVGPoint();
  spot.x = event.clientX;
  spot.y = event.clientY;
  const { x, y } = spot.matrixTransform(svg.getScreenCTM().inverse());
  // A screen reader's click has no place: it takes the next free one, like Enter.
  add(zone, event.detail === 0 ? {} : { place: [Math.round(x), Math.round(y)] });
});
stage.addEventListener("keydown", (event) => {
  const zone = event.target.closest(".zone");
  if (!zone || event.ctrlKey || event.metaKey || event.altKey) return;
  const list = [...viewOf(zone).querySelectorAll(".zone")];
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    use(zone);
    add(zone);
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
form.querySelector("[data-undo]")?.addEventListener("click", undo);
form.querySelector("[data-fill]")?.addEventListener("click", () => {
  const svg = visible();
  const zone = current && viewOf(current) === svg ? current : svg.querySelector(".zone[tabindex='0'], .zone");
  add(zone, { count: Number(form.dataset.fillMost ?? 40) });
});
form.querySelector("[data-copy]")?.addEventListener("click", (event) => {
  keep(parse(event.currentTarget.dataset.copy));
  announce(text("Filled", { zone: "", n: points.length, total: total() }));
});
form.querySelector("[data-add]")?.addEventListener("click", (event) => {
  event.preventDefault(); // without this file the server adds the points
  const code = form.querySelector("[data-add-zone]").value;
  const count = Math.max(1, Number.parseInt(form.querySelector("[data-add-count]")?.value ?? "1", 10) || 1);
  const here = [...visible().querySelectorAll(".zone")];
  const zone = [...here, ...zones()].find((other) => other.dataset.zone === code);
  if (zone) add(zone, { count });
});

show();
