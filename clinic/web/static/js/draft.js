// A form is kept at the server while somebody types, raw and not judged: three seconds after
// the last change, at the latest after ten, and when the page is left. What could not be sent stays in this
// page's memory and nowhere else. Without this file the form is sent as any other.
//   form with inputs draft_tab (key of this page; has data-draft=address), draft_seen (number of the text it shows), draft_account
//     [data-draft-state] with [data-of=kept|typed|offline|anothers|stopped], [data-draft-at], [data-draft-said]
//     buttons [data-draft-take] (this page goes on), [data-draft-show] (load what was typed elsewhere)
//   dialog#signed-out with a form: the password of the same person, when the sign-in has ended
import { announce, fill } from "./app.js";
import { parse } from "./fragment.js";

const WAIT = 3_000;
const LATEST = 10_000;
const AGAIN = [2_000, 4_000, 8_000, 15_000];
const HERE = 60_000; // a tap that changes nothing tells the server, once a minute, that somebody is there
const KEEPALIVE = 60_000; // what a browser lets out of a page that is closing
const NOT_TYPED = new Set(["own_password", "view"]);

const own = document.querySelector("input[data-draft]");
const { form } = own;
const shown = form.querySelector("[data-draft-state]");
const dialog = document.querySelector("dialog#signed-out");
const take = shown.querySelector("[data-draft-take]");
const show = shown.querySelector("[data-draft-show]");

let changes = 0; // made on this page
let kept = 0; // of these, at the server
let first = 0; // when the oldest one that is not kept was made
let seq = Number(form.elements.draft_seen.value);
let real = false; // somebody has typed or tapped since the server last heard of it
let told = Date.now();
let timer = null;
let failed = 0; // tries in a row without a connection
let running = null;
let leaving = false;
let isHeld = shown.dataset.draftState === "anothers"; // another page writes
let sent = null; // which button is sending the form

const open = () => changes > kept;

function state(name, said = "") {
  shown.dataset.draftState = name;
  const place = shown.querySelector(name === "typed" ? "[data-draft-at]" : "[data-draft-said]");
  if (said) place.textContent = said;
}

function body(extra = {}) {
  const data = new FormData(form);
  data.delete("own_password");
  for (const [name, value] of Object.entries(extra)) data.set(name, value);
  return new URLSearchParams(data);
}

async function post(data, { keepalive = false } = {}) {
  const headers = real ? {} : { "X-Background": "1" }; // what a timer sends by itself prolongs nothing
  const init = { method: "POST", body: data, headers, credentials: "same-origin" };
  if (keepalive) return fetch(own.dataset.draft, { ...init, keepalive: String(data).length < KEEPALIVE });
  const answer = await fetch(own.dataset.draft, { ...init, signal: AbortSignal.timeout(15_000) });
  if (real && answer.ok) { real = false; told = Date.now(); }
  return answer;
}

function later(ms) {
  clearTimeout(timer);
  timer = setTimeout(send, ms);
}

/** Keep what is typed now; true when all of it is kept, false when there is no connection. */
function send(extra = {}) {
  running ??= attempt(extra).finally(() => { running = null; });
  return running;
}

async function attempt(extra, again = true) {
  clearTimeout(timer);
  if (isHeld && !extra.draft_take) return true;
  const covered = changes;
  const mine = seq + 1;
  let answer;
  try {
    answer = await post(body({ ...extra, draft_seq: mine }));
  } catch (failure) {
    if (!(failure instanceof TypeError) && failure.name !== "TimeoutError") throw failure;
    return lost();
  }
  failed = 0;
  if (answer.ok) {
    const said = await answer.json();
    seq = said.seq;
    form.elements.draft_seen.value = seq;
    if (seq === mine || extra.draft_take) kept = covered;
    state("typed", fill(own.dataset.textTyped, { time: said.at }));
    if (open()) { first = Date.now(); later(seq === mine ? WAIT : 0); }
    return true;
  }
  if (answer.status === 401 || answer.status === 400) {
    // The cookie may just have been renewed by another page: one more try before anybody is asked.
    if (again && (await renewed())) return attempt(extra, false);
    if (answer.status === 401) { ask(); return true; }
  }
  if (answer.status === 429 || answer.status >= 500) return lost();
  if (answer.status !== 409) { state("stopped", await words(answer)); return true; }
  hold(await answer.json());
  return true;
}

function lost() {
  failed += 1;
  state("offline");
  later(AGAIN[Math.min(failed, AGAIN.length) - 1]);
  return false;
}

async function words(answer) {
  const isOurs = answer.headers.get("Content-Type")?.includes("json");
  return isOurs ? (await answer.json()).said : document.body.dataset.failed;
}

/** Another page has gone on, or the form was kept: nothing is written over. */
function hold({ why, said, is_new: isNew }) {
  isHeld = true;
  state("stopped", said);
  take.hidden = why !== "elsewhere" || isNew;
  show.hidden = why !== "elsewhere" || !isNew;
  announce(said);
}

// ---- the sign-in has ended: the page keeps its text and asks the same person for the password ----
const tokenOf = (page) => page.querySelector("input[name=csrf_token]")?.value;

/** Take the token of a session that is open; false when there is none. */
async function renewed() {
  try {
    const answer = await fetch(dialog.querySelector("form").dataset.account, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return false;
    return adopt(parse(await answer.text()));
  } catch (failure) {
    if (failure instanceof TypeError) return false;
    throw failure;
  }
}

function adopt(page) {
  const token = tokenOf(page);
  for (const input of document.querySelectorAll("input[name=csrf_token]")) input.value = token;
  return Boolean(token);
}

function ask() {
  state("stopped", own.dataset.textSignedOut);
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[type=password]").focus();
}

dialog.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const door = event.target;
  const said = dialog.querySelector("#again-said");
  said.hidden = true;
  try {
    const page = await fetch(door.action, { credentials: "same-origin" });
    let answer = page; // Redirected: somebody has signed in on another page of this browser.
    if (!page.redirected) {
      const data = new URLSearchParams(new FormData(door));
      data.set("csrf_token", tokenOf(parse(await page.text())));
      const address = new URL(door.action, location.href);
      address.searchParams.set("next", door.dataset.account);
      answer = await fetch(address, { method: "POST", body: data, credentials: "same-origin" });
      if (!answer.redirected) {
        const refusal = parse(await answer.text()).querySelector(".msg.bad p, .error");
        throw new Error(refusal?.textContent.trim() ?? document.body.dataset.failed);
      }
    }
    await renewed();
    dialog.close();
    real = true;
    send();
  } catch (failure) {
    said.textContent = failure instanceof TypeError ? document.body.dataset.offline : failure.message;
    said.hidden = false;
  } finally {
    door.elements.password.value = "";
    door.elements.password.focus();
    delete door.dataset.sent;
  }
}, true);
dialog.addEventListener("cancel", (event) => event.preventDefault());

// ---- when it is sent ----
form.addEventListener("input", (event) => {
  if (NOT_TYPED.has(event.target.name)) return;
  const now = Date.now();
  if (!open()) first = now;
  changes += 1;
  if (isHeld || failed || dialog.open) return;
  later(Math.max(0, Math.min(WAIT, first + LATEST - now)));
});
for (const kind of ["pointerdown", "keydown"]) {
  document.addEventListener(kind, (event) => {
    if (!event.isTrusted || dialog.open) return;
    real = true;
    if (Date.now() - told > HERE && !open()) { told = Date.now(); look(); }
  }, { passive: true, capture: true });
}
/** Ask whether this page still writes; with a tap before it, the sign-in is prolonged. */
async function look() {
  if (failed || dialog.open || running) return;
  try {
    const answer = await post(body({ draft_check: "1", draft_seq: seq }));
    if (answer.status === 409 && !isHeld) hold(await answer.json());
    if (answer.status === 401 && !(await renewed())) ask();
  } catch (failure) {
    if (!(failure instanceof TypeError) && failure.name !== "TimeoutError") throw failure;
  }
}
addEventListener("focus", () => { if (!isHeld) look(); });
addEventListener("online", () => { if (failed) send(); });
function last() {
  if (!open() || isHeld || leaving) return;
  seq += 1;
  form.elements.draft_seen.value = seq;
  const covered = changes;
  post(body({ draft_seq: seq }), { keepalive: true }).then((answer) => {
    if (answer.ok) kept = Math.max(kept, covered);
  }).catch(() => {}); // the page is on its way out: nobody is there to be told
}
document.addEventListener("visibilitychange", () => { if (document.hidden) last(); });
addEventListener("pagehide", last);
addEventListener("beforeunload", (event) => {
  if (!open() || leaving) return;
  last();
  event.preventDefault();
});
addEventListener("pageshow", () => { leaving = false; sent = null; });

take.addEventListener("click", () => {
  isHeld = false;
  real = true;
  take.hidden = true;
  send({ draft_take: "1" });
});
show.addEventListener("click", () => { leaving = true; location.reload(); });
if (isHeld) take.hidden = false;

// Sent only with a connection: an error page of the browser would take what was typed along.
form.addEventListener("submit", async (event) => {
  if (sent === event.submitter && leaving) return;
  if (isHeld || !(open() || failed)) { leaving = true; return; }
  event.preventDefault();
  event.stopImmediatePropagation();
  if (sent) return;
  sent = event.submitter;
  real = true;
  if (running) await running;
  const isThere = await send();
  if (isThere && !dialog.open) {
    leaving = true;
    form.requestSubmit(sent);
  }
  sent = null;
});

// ---- Ctrl+Enter signs, and so does Enter in the password ----
const sign = form.querySelector("[data-sign]");
form.addEventListener("keydown", (event) => {
  const isKey = event.key === "Enter" && (event.ctrlKey || event.metaKey || event.target.name === "own_password");
  if (!sign || !isKey) return;
  event.preventDefault();
  sign.click();
});

// A form that came back with errors holds words that are nowhere else.
if (form.querySelector("[aria-invalid='true']") || document.querySelector("#form-errors")) {
  changes = 1;
  later(0);
}
