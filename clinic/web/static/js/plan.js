// Planning a course by keyboard: W and A go to two fields, arrows change a session, Enter takes a date.
// Everything else is a form that works without this file.
import { shortcut, typing } from "./app.js";

const go = (id) => () => document.getElementById(id)?.focus();
shortcut("w", go("practitioner_id"));
shortcut("a", go("earliest"));

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("#plan [data-row]");
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter" && event.target.matches("input")) {
    event.preventDefault();
    row.querySelector("[data-enter]").click();
  }
  const button = { ArrowUp: "earlier", ArrowDown: "later" }[event.key];
  if (!button || typing(event)) return;
  event.preventDefault();
  const pressed = row.querySelector(`[name="${button}"]`);
  pressed.focus();
  pressed.click();
});
