// A form with data-again that comes back after it was sent goes on by itself, until it is gone: work that is
// done in parts, each one press without this file.
let begun = false;

document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-again]")) begun = true;
}, true);
document.addEventListener("swapped", (event) => {
  const next = document.querySelector("form[data-again]");
  if (!next || !begun) return;
  if (event.detail.status !== 200) { begun = false; return; }
  next.requestSubmit();
});
document.addEventListener("swapfailed", () => { begun = false; });
