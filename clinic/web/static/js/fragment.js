// Server-made fragments in place of a library: any form or link with data-swap works without this file.
//   data-swap="#list"     replace #list by the #list of the answer (several: "#list #totals")
//   data-push             put the new address into the history: filters, paging
//   data-live             send a search form while it is typed in
//   data-confirm="#ask"   show that <dialog> first; its value "yes" goes on. Also without data-swap
//   data-poll="20"        on an element with an id and data-src: look for a newer one every 20 s
//   data-focus            on what goes on from here, when the element that had the focus is gone
// The server answers with the whole page or with the fragment. 422 is a form with errors, 409 a stale
// row with a message, 429 a password that must wait, 204 nothing new. It may send words for the screen reader in X-Announce.
import { announce, toast } from "./app.js";

const policy = window.trustedTypes?.createPolicy("fragment", { createHTML: (html) => html });
/** Read a page that the server made. */
export const parse = (html) => new DOMParser().parseFromString(policy ? policy.createHTML(html) : html, "text/html");
const words = document.body.dataset;
const running = new WeakMap();
const SHOWN = new Set([200, 409, 422, 429]);

function replace(ids, page) {
  for (const id of ids) {
    const fresh = page.querySelector(id);
    const old = document.querySelector(id);
    if (!fresh || !old) return false;
    old.replaceWith(document.adoptNode(fresh));
  }
  // What the server has to say comes along, wherever it stands.
  const said = page.querySelector("#flashes");
  const place = document.querySelector("#flashes");
  if (said && place && !ids.some((id) => id === "#flashes")) place.replaceWith(document.adoptNode(said));
  return true;
}

function focusAfter(ids, focused) {
  const bad = document.querySelector(`${ids[0]} [aria-invalid="true"]`);
  const same = focused ? document.getElementById(focused) : null;
  const next = bad ?? same ?? document.querySelector(`${ids[0]} [data-focus]`);
  if (next?.matches("fieldset")) next.querySelector("input")?.focus();
  else next?.focus();
  return bad;
}

function wordsOf(answer, bad) {
  const sent = answer.headers.get("X-Announce");
  if (sent) return decodeURIComponent(sent);
  if (bad) return document.getElementById(bad.getAttribute("aria-describedby")?.split(" ").at(-1))?.textContent;
  return document.querySelector("#flashes")?.textContent.trim();
}

/** Ask whoever listens whether a poll may replace an element now. */
function mayPoll(id) {
  return document.dispatchEvent(new CustomEvent("beforepoll", { cancelable: true, detail: { id } }));
}

/** Fetch an address and put its fragments into the page; returns the status, or 0 when nothing came. */
export async function swap(element, address, init = {}) {
  const ids = element.dataset.swap.split(" ");
  running.get(element)?.abort(); // a newer request of the same element wins
  const stop = new AbortController();
  running.set(element, stop);
  for (const id of ids) document.querySelector(id)?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(address, {
      ...init, signal: stop.signal, credentials: "same-origin",
      headers: { "X-Fragment": ids.join(" "), Accept: "text/html", ...init.headers },
    });
    if (answer.status === 204) return 204;
    if (answer.status === 401) {
      // Only what was asked for by reading may be reloaded: a form still holds what was typed.
      if (init.method === "POST" || init.headers?.["X-Background"]) toast(words.signedOut);
      else location.reload();
      return 401;
    }
    if (!SHOWN.has(answer.status)) {
      toast(words.failed);
      document.dispatchEvent(new CustomEvent("swapfailed", { detail: { ids, status: answer.status } }));
      return answer.status;
    }
    const page = parse(await answer.text());
    // Meanwhile somebody may have begun something: what a poll brings must not come in between.
    if (init.headers?.["X-Background"] && !mayPoll(ids[0])) return 0;
    const focused = document.activeElement?.id;
    if (!replace(ids, page)) {
      location.assign(answer.url); // not a fragment of ours: show the page
      return answer.status;
    }
    announce(wordsOf(answer, focusAfter(ids, focused)));
    if ("push" in element.dataset) history.pushState({}, "", answer.url);
    document.dispatchEvent(new CustomEvent("swapped", { detail: { ids, status: answer.status } }));
    return answer.status;
  } catch (failure) {
    if (failure.name === "AbortError") return 0;
    if (failure instanceof TypeError) { // fetch's own word for "no connection"
      if (!init.headers?.["X-Background"]) toast(words.offline);
      document.dispatchEvent(new CustomEvent("swapfailed", { detail: { ids, status: 0 } }));
      return 0;
    }
    throw failure;
  } finally {
    for (const id of ids) document.querySelector(id)?.removeAttribute("aria-busy");
  }
}

/** Ask in the dialog that data-confirm names; true when there is none. */
async function confirmed(element) {
  const dialog = element?.dataset.confirm && document.querySelector(element.dataset.confirm);
  if (!dialog) return true;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}

function send(form, button) {
  const data = new FormData(form, button);
  const address = new URL(button?.getAttribute("formaction") ?? form.action, location.href);
  if (form.method === "get") {
    address.search = new URLSearchParams(data).toString();
    return swap(form, address);
  }
  const sent = { method: "POST", body: data };
  if (!data.get("own_password")) return swap(form, address, sent);
  // Its answer brings a new cookie: a second press must not break it off.
  if (form.dataset.sent) return 0;
  form.dataset.sent = "1";
  return swap(form, address, sent).finally(() => delete form.dataset.sent);
}

const agreed = new WeakSet();
// Captured, so that a question comes before everything else that listens to the form being sent.
document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  const asker = button?.dataset.confirm ? button : form;
  if (form.method === "dialog" || !asker.dataset.confirm || agreed.has(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await confirmed(asker))) { button?.focus(); return; }
  agreed.add(form);
  form.requestSubmit(button);
  agreed.delete(form);
}, true);

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || !form.matches("[data-swap]")) return;
  event.preventDefault();
  // Who presses Enter does not wait for what the typing before it would ask for.
  clearTimeout(timers.get(form));
  for (const part of form.querySelectorAll("[data-look]")) {
    clearTimeout(timers.get(part));
    running.get(part)?.abort();
  }
  send(form, event.submitter);
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  swap(link, link.href);
});

const timers = new WeakMap(); // of what is typed in
function soon(element, ms, ask) {
  clearTimeout(timers.get(element));
  timers.set(element, setTimeout(ask, ms));
}
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-live][data-swap]");
  if (form) soon(form, 250, () => send(form));
});

// A part of a form that is looked over while it is filled in: its answer replaces what data-swap names.
document.addEventListener("input", (event) => {
  const part = event.target.closest("[data-look]");
  if (!part) return;
  soon(part, 300, () => {
    const body = new FormData(event.target.form);
    body.set("register", "look");
    swap(part, new URL(part.dataset.look, location.href), { method: "POST", body });
  });
});

addEventListener("popstate", () => location.reload());

// ---- two desks, one board: look for news while the page is seen and nobody is in the middle of something ----
for (const element of document.querySelectorAll("[data-poll]")) {
  const id = `#${element.id}`;
  setInterval(() => {
    const place = document.querySelector(id);
    if (!place || document.hidden || document.querySelector("dialog[open]")) return;
    if (!mayPoll(id)) return;
    const address = new URL(place.dataset.src ?? location.href, location.href);
    if (place.dataset.stamp) address.searchParams.set("since", place.dataset.stamp);
    place.dataset.swap ??= id;
    swap(place, address, { headers: { "X-Background": "1" } });
  }, 1000 * Math.max(2, Number(element.dataset.poll)));
}
