// The dry run of rules: follows its links one after the other and says how far it is. Each link works
// by itself. What the page has to hold:
//   [data-trial] data-text="%(n)s of %(all)s"
//     progress, [data-progress]    how far, shown only while and after it runs
//     button[data-trial-run]       begins
//     li[data-tried]               a part that is there; any other holds a[data-swap]
import { announce, fill } from "./app.js";
import { swap } from "./fragment.js";

const trial = document.querySelector("[data-trial]");
const button = trial?.querySelector("[data-trial-run]");

function say() {
  const parts = trial.querySelectorAll("ol > li").length;
  const n = trial.querySelectorAll("li[data-tried]").length;
  const bar = trial.querySelector("progress");
  bar.hidden = false;
  bar.value = n;
  const words = fill(trial.dataset.text, { n, all: parts });
  trial.querySelector("[data-progress]").textContent = words;
  return words;
}

async function run() {
  button.hidden = true;
  let words = say();
  for (const link of trial.querySelectorAll("li:not([data-tried]) a[data-swap]")) {
    const status = await swap(link, link.href);
    if (status !== 200) { // said already; what is left can be tried again
      button.hidden = false;
      return;
    }
    words = say();
  }
  announce(words);
}

if (button && trial.querySelector("li:not([data-tried])")) {
  button.hidden = false;
  button.addEventListener("click", run);
}
