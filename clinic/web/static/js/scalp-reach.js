// Which zone of the drawing a pointer means. A finger that comes down beside a narrow zone
// means that zone: the nearest within a gloved fingertip.
const FINGER = 20; // units of the drawing
const edges = new WeakMap(); // path: places along its outline
function edge(path) {
  if (!edges.has(path)) {
    const length = path.getTotalLength();
    edges.set(path, Array.from({ length: Math.ceil(length / 3) }, (_, n) => path.getPointAtLength(n * 3)));
  }
  return edges.get(path);
}
function away(zone, x, y) {
  return Math.min(...edge(zone.querySelector("path")).map((at) => Math.hypot(at.x - x, at.y - y)));
}
/** Where a pointer is, in units of the drawing. */
export function unitsOf(svg, event) {
  const spot = svg.createSVGPoint();
  spot.x = event.clientX;
  spot.y = event.clientY;
  return spot.matrixTransform(svg.getScreenCTM().inverse());
}
export const isFinger = (event) => event.pointerType === "touch" || event.pointerType === "pen";
/** The zone that a pointer means; undefined between and beside the zones. */
export function zoneAt(event) {
  const under = event.target.closest(".zone");
  const svg = event.target.closest("svg[data-view]");
  if (under || !svg || !isFinger(event)) return under;
  const { x, y } = unitsOf(svg, event);
  const near = [...svg.querySelectorAll(".zone")].map((zone) => [away(zone, x, y), zone]);
  const [gap, zone] = near.reduce((one, other) => (other[0] < one[0] ? other : one));
  return gap <= FINGER ? zone : undefined;
}
