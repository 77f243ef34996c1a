// The shell: shortcuts, dialogs, live region, toast, and what every form gets. No dependency, no
// build step, no innerHTML. Everything here is a help on top of pages that work without it.

const $ = (selector, root = document) => root.querySelector(selector);
const live = $("#live");
const toastBox = $("#toast");
let toastTimer;

/** Put values into a translated sentence: fill("%(n)s points", { n: 3 }). */
export function fill(sentence, values = {}) {
  return (sentence ?? "").replace(/%\((\w+)\)s/g, (gap, name) => values[name] ?? gap);
}

/** Let a screen reader say something, without showing it. */
export function announce(text) {
  if (!text) return;
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
}

let closing;

/** Show a short message for ten seconds; `undo` gives it a button, `closed` is called when it was not pressed. */
export function toast(text, undo, closed) {
  const button = $("button", toastBox);
  closing?.();
  closing = closed;
  const close = () => { delete toastBox.dataset.open; closing = null; };
  $("span", toastBox).textContent = text;
  button.hidden = !undo;
  button.onclick = () => { close(); undo?.(); };
  toastBox.dataset.open = "";
  announce(text);
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { closing?.(); close(); }, 10_000);
}

// ---- shortcuts: off while typing, and to be switched off altogether (WCAG 2.1.4) ----
const handlers = new Map();
let chord = "";

const keysOn = document.documentElement.dataset.keys !== "off"; // from the profile

/** Tell whether a key pressed here is part of what somebody writes. */
export const typing = (event) =>
  event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");

/** Call `handler` for a single key ("j") or a chord ("g b"). */
export function shortcut(keys, handler) {
  handlers.set(keys.toLowerCase(), handler);
}

function handlerOf(keys) {
  if (handlers.has(keys)) return handlers.get(keys);
  const target = document.querySelector(`[data-key="${CSS.escape(keys)}"]`);
  return target && (() => target.click());
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (!keysOn || typing(event) || $("dialog[open]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const handler = handlerOf(chord + key) ?? handlerOf(key);
  if (key === "g" && !chord) {
    chord = "g ";
    const alone = handlerOf("g"); // A page with a "g" of its own waits shorter for the rest of a chord.
    setTimeout(() => {
      if (chord && alone) alone();
      chord = "";
    }, alone ? 400 : 1200);
    return;
  }
  chord = "";
  if (handler) {
    event.preventDefault();
    handler(event);
  }
});

shortcut("/", () => { $("#q")?.focus(); $("#q")?.select(); });
shortcut("?", () => $("#keys")?.showModal());

// ---- small things on any page ----
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
  if (event.target.closest("[data-print]")) print();
  const menu = $("details.menu[open]");
  if (menu && !menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && $("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  $("summary", menu).focus();
});

// "auto" follows the machine: the switch then offers the other of what is seen now.
const themeSwitch = $("[data-theme-switch]");
if (themeSwitch && !document.documentElement.dataset.theme) {
  const machine = matchMedia("(prefers-color-scheme: dark)");
  const offer = () => { themeSwitch.value = machine.matches ? "light" : "dark"; };
  offer();
  machine.addEventListener("change", offer); // a machine may turn dark in the evening
}

const longDate = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "full", numberingSystem: "latn", timeZone: "UTC",
});
/** Write the date of a date input out: the input itself shows the browser's format. */
function sayDate(output) {
  const input = document.getElementById(output.htmlFor);
  const day = input?.type === "date" ? input.valueAsDate : null;
  output.textContent = day && day.getUTCFullYear() >= 1900 ? longDate.format(day) : "";
}

/** Make what the server sent ready: called for the page, and for every fragment put into it. */
function ready(root) {
  for (const button of root.querySelectorAll("[data-print]")) button.hidden = false;
  for (const output of root.querySelectorAll("output[data-say]")) sayDate(output);
  for (const form of root.querySelectorAll("form[data-guard]")) guard(form);
}
document.addEventListener("input", (event) => {
  for (const output of document.querySelectorAll("output[data-say]")) {
    if (output.htmlFor.contains(event.target.id)) sayDate(output);
  }
});
document.addEventListener("swapped", (event) => {
  for (const id of event.detail.ids) {
    const fresh = $(id);
    if (fresh) ready(fresh.parentElement);
  }
});

// ---- a form with data-guard warns before what was typed is lost ----
const dirty = new WeakSet();
const guarded = new WeakSet();

function guard(form) {
  if (guarded.has(form)) return;
  guarded.add(form);
  // A form that came back with errors holds words that are stored nowhere yet.
  if ($("[aria-invalid='true']", form)) dirty.add(form);
  form.addEventListener("input", () => dirty.add(form));
  form.addEventListener("submit", () => dirty.delete(form));
  form.addEventListener("reset", () => dirty.delete(form));
}
addEventListener("beforeunload", (event) => {
  const open = [...document.querySelectorAll("form[data-guard]")];
  if (open.some((form) => dirty.has(form))) event.preventDefault();
});

// ---- a form is sent once: a second press while the first is under way does nothing ----
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.matches("[data-swap], [method=dialog]") || form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

ready(document);
