// The tablet in a patient's hands: says that somebody is there, closes what was left alone, and
// shows nothing when somebody goes back. Without this file the server still ends the screen.

const box = document.getElementById("still-there");
const OVER = new Set([409, 410]); // sent in another tab, or ended
const closing = document.getElementById("idle");

const ending = document.getElementById("ends-soon");
const longer = document.getElementById("longer");

// A page out of the browser's own memory may belong to somebody who has gone.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

if (box && closing) {
  const idle = Number(box.dataset.idle) * 1000;
  const warning = 60_000;
  const tell = 30_000;
  let touched = Date.now();
  let told = Date.now();

  async function tellServer() {
    told = Date.now();
    const body = new FormData();
    body.append("csrf_token", closing.elements.csrf_token.value);
    try {
      const answer = await fetch(box.dataset.touch, { method: "POST", body, credentials: "same-origin" });
      // Over: a page of its own says so. Anything else, a busy server too, leaves what was answered.
      if (OVER.has(answer.status) || answer.redirected) location.replace(box.dataset.over);
    } catch (failure) {
      if (!(failure instanceof TypeError)) throw failure; // no connection: the next touch tells
    }
  }

  function here() {
    touched = Date.now();
    box.hidden = true;
    if (touched - told > tell) tellServer();
  }
  for (const kind of ["pointerdown", "keydown", "input", "scroll"]) addEventListener(kind, here, { passive: true });

  let ends = Date.now() + Number(ending.dataset.left) * 1000;
  const soon = Number(ending.dataset.soon) * 1000;

  longer.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const answer = await fetch(longer.action, { method: "POST", body: new FormData(longer), credentials: "same-origin" });
      if (OVER.has(answer.status) || answer.redirected) return location.replace(box.dataset.over);
      if (answer.ok) ends = Date.now() + (await answer.json()).seconds * 1000;
    } catch (failure) {
      if (!(failure instanceof TypeError)) throw failure; // no connection: press again
    }
  });

  setInterval(() => {
    const left = touched + idle - Date.now();
    if (left <= 0) closing.submit();
    else if (left <= warning) box.hidden = false;
    if (ends <= Date.now()) location.replace(box.dataset.over);
    ending.hidden = !box.hidden || ends - Date.now() > soon;
  }, 1000);
}
