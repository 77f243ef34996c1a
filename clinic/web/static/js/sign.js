// A signature drawn with a finger, a pen or a mouse: strokes in whole units of the field, sent as a
// list. Without this file the field stays hidden and the typed name is the way.

const box = document.getElementById("sign");
const kept = document.querySelector("input[name=strokes]");

if (box && kept) {
  const pad = box.querySelector("svg");
  const ink = pad.querySelector("g");
  const { width, height } = pad.viewBox.baseVal;
  const most = { strokes: Number(box.dataset.mostStrokes), numbers: Number(box.dataset.mostNumbers) };
  let strokes = read();
  let drawing = null; // { id, stroke, path }

  function read() {
    try {
      const found = JSON.parse(kept.value || "[]");
      return Array.isArray(found) ? found.filter(Array.isArray) : [];
    } catch {
      return [];
    }
  }

  function shape(stroke) {
    const [x, y] = stroke;
    if (stroke.length === 2) return `M${x} ${y}h.1`;
    return `M${stroke.map(Number).join(" ")}`;
  }

  function add(stroke) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", shape(stroke));
    ink.append(path);
    return path;
  }

  function place(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(pad.getScreenCTM().inverse());
    const within = (value, end) => Math.max(0, Math.min(end, Math.round(value)));
    return [within(at.x, width), within(at.y, height)];
  }

  const numbers = () => strokes.reduce((sum, stroke) => sum + stroke.length, 0);

  pad.addEventListener("pointerdown", (event) => {
    if (drawing || event.button > 0 || strokes.length >= most.strokes || numbers() + 2 > most.numbers) return;
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    const stroke = place(event);
    strokes.push(stroke);
    drawing = { id: event.pointerId, stroke, path: add(stroke) };
  });

  pad.addEventListener("pointermove", (event) => {
    if (!drawing || drawing.id !== event.pointerId) return;
    for (const one of event.getCoalescedEvents?.() ?? [event]) {
      const [x, y] = place(one);
      const { stroke } = drawing;
      if (Math.abs(x - stroke.at(-2)) + Math.abs(y - stroke.at(-1)) < 2 || numbers() + 2 > most.numbers) continue;
      stroke.push(x, y);
    }
    drawing.path.setAttribute("d", shape(drawing.stroke));
  });

  function lift(event) {
    if (!drawing || drawing.id !== event.pointerId) return;
    drawing = null;
    kept.value = JSON.stringify(strokes);
  }
  pad.addEventListener("pointerup", lift);
  pad.addEventListener("pointercancel", lift);

  document.getElementById("sign-clear").addEventListener("click", () => {
    strokes = [];
    kept.value = "";
    ink.replaceChildren();
  });

  box.hidden = false;
  strokes.forEach(add);
}
