// Two pictures laid over each other: a slider between them, or one after the other. Without this
// file they stand side by side; the keys that step through the dates are links of the page.

const BLINK_MS = 900; // Slower than what may flash (WCAG 2.3.1).
let playing;

function stop() {
  clearInterval(playing);
  playing = null;
}

/** The line itself is drawn along by finger or mouse; the keyboard has the slider above it. */
function draggable(pair, slide) {
  const line = pair.querySelector("[data-line]");
  line.hidden = false;
  line.addEventListener("pointerdown", (event) => {
    line.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  line.addEventListener("pointermove", (event) => {
    if (!line.hasPointerCapture(event.pointerId)) return;
    const box = pair.getBoundingClientRect();
    const share = (100 * (event.clientX - box.left)) / box.width;
    slide.value = document.dir === "rtl" ? 100 - share : share;
    slide.dispatchEvent(new Event("input"));
  });
}

function enhance() {
  stop();
  const pair = document.querySelector("[data-pair]");
  if (!pair) return;
  document.querySelector("[data-modes]").hidden = false;
  if (!pair.matches(".side")) pair.classList.add("over-each-other");
  const slide = document.querySelector("[data-slide]");
  slide?.addEventListener("input", () => pair.style.setProperty("--at", `${slide.value}%`));
  if (slide) draggable(pair, slide);
  const turn = () => pair.classList.toggle("on");
  const play = document.querySelector("[data-play]");
  document.querySelector("[data-blink]")?.addEventListener("click", turn);
  play?.addEventListener("click", () => {
    if (playing) stop();
    else playing = setInterval(turn, BLINK_MS);
    play.setAttribute("aria-pressed", String(Boolean(playing)));
  });
}

document.addEventListener("swapped", (event) => {
  if (event.detail.ids.includes("#compare")) enhance();
});

// A copy comes as a file: the page stays, and the next press asks for another one.
document.addEventListener("submit", (event) => {
  if (event.target.matches("[data-download]")) setTimeout(() => delete event.target.dataset.sent, 1500);
});

enhance();
