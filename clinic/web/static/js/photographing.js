// Taking photographs: what was chosen is seen under the reference picture, and sent one by one with
// its progress; what was refused stays with its reason, what was kept is not sent again. Without
// this file the form sends the files of its two fields as they are.
import { announce, toast } from "./app.js";

const form = document.querySelector("[data-pictures]");
const words = { ...document.body.dataset, ...form.dataset };
const $ = (selector) => form.querySelector(selector);
const list = $("[data-sent-list]");
const lens = $("[data-lens]");
const preview = $("[data-preview]");
const video = $("[data-video]");
const ghost = $("[data-ghost]");
const chosen = [];

/** A one-time key, so that a picture that is sent twice is kept once. */
const key = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (n) => n.toString(16).padStart(2, "0")).join("");

function lay() {
  ghost?.classList.add("laid");
  const ghosting = $("[data-ghosting]");
  if (ghosting) ghosting.hidden = false;
}

function look(item) {
  lens.hidden = false;
  preview.src = item.address;
  preview.hidden = false;
  video.hidden = true;
  lay();
}

function say(item, text, tone) {
  const state = item.row.querySelector("[data-state]");
  state.textContent = text;
  delete state.dataset.bad;
  delete state.dataset.good;
  if (tone) state.dataset[tone] = "";
}

/** What a canvas makes of the middle of a picture or a film: a JPEG, in sRGB; null when it cannot. */
function drawn(source, [width, height], name, shape = width / height) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.min(width, Math.round(height * shape));
  canvas.height = Math.min(height, Math.round(width / shape));
  canvas.getContext("2d").drawImage(source, (canvas.width - width) / 2, (canvas.height - height) / 2);
  return new Promise((done) => {
    canvas.toBlob((blob) => done(blob && new File([blob], name, { type: "image/jpeg" })), "image/jpeg", 0.95);
  });
}

const APPLES = /\.(heic|heif|avif)$/i;

/** The file itself; a HEIC, which the server does not read, as JPEG where this browser can; else null. */
async function readable(file) {
  if (!APPLES.test(file.name) && !/^image\/(heic|heif|avif)/.test(file.type)) return file;
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    return await drawn(image, [image.naturalWidth, image.naturalHeight], file.name.replace(APPLES, ".jpg"));
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(image.src);
  }
}

async function take(files) {
  for (const file of files) {
    const ready = await readable(file);
    add(ready ?? file, ready ? "" : words.apple);
  }
}

function add(file, refused) {
  const row = $("template[data-row]").content.firstElementChild.cloneNode(true);
  const item = { file, row, key: key(), address: URL.createObjectURL(file), kept: false };
  row.querySelector("img").src = item.address;
  row.querySelector("b").textContent = file.name;
  row.querySelector("button").addEventListener("click", () => leaveOut(item));
  row.addEventListener("click", (event) => { if (!event.target.closest("button")) look(item); });
  list.append(row);
  chosen.push(item);
  const bad = refused || (file.size > Number(words.most) && words.tooLarge);
  if (bad) {
    item.bad = true;
    say(item, bad, "bad");
  } else {
    say(item, words.waiting);
  }
  look(item);
}

function leaveOut(item) {
  chosen.splice(chosen.indexOf(item), 1);
  URL.revokeObjectURL(item.address);
  item.row.remove();
  if (preview.src === item.address) {
    preview.hidden = true;
    if (chosen.length) look(chosen.at(-1));
    else if (!ghost) lens.hidden = true;
    else ghost.classList.remove("laid");
  }
  form.querySelector("#pictures").focus();
}

for (const input of form.querySelectorAll("input[type=file]")) {
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = ""; // They are in the list now.
  });
}

/** Take the address and token of this page as it is now: it may have been open for days. */
async function renew() {
  try {
    const answer = await fetch(words.renew, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const anew = page.querySelector("[data-pictures]");
    if (anew?.dataset.by !== form.dataset.by) return false; // Nobody is signed in, or somebody else.
    form.action = anew.getAttribute("action");
    $("[name=csrf_token]").value = anew.querySelector("[name=csrf_token]").value;
    return true;
  } catch {
    return false;
  }
}

/** Send one picture. A page that is too old is renewed once, and what was chosen sent again. */
async function send(item) {
  const [status, answer] = await sendOnce(item);
  if (![0, 400, 413].includes(status) || !(await renew())) return [status === 413 ? 401 : status, answer];
  return sendOnce(item);
}

/** Answers with the status, 0 when nothing came back. */
function sendOnce(item) {
  const data = new FormData(form);
  data.delete("pictures");
  data.append("pictures", item.file);
  data.set("form_key", item.key);
  const bar = item.row.querySelector("progress");
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => { bar.value = (95 * event.loaded) / event.total; });
    request.addEventListener("loadend", () => {
      bar.value = request.status === 200 ? 100 : 0;
      done([request.status, request.response]);
    });
    request.send(data);
  });
}

function judge(item, status, answer) {
  if (status === 200) {
    item.kept = true;
    item.row.querySelector("button").hidden = true;
    say(item, words.kept, "good");
    return;
  }
  const text = answer?.refused?.join(" ") || (status === 401 ? words.signedOut : status ? words.failed : words.offline);
  say(item, text, "bad");
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (form.dataset.busy) return;
  if (!chosen.length) { toast(words.none); return; }
  form.dataset.busy = "1";
  for (const item of chosen.filter((one) => !one.kept && !one.bad)) judge(item, ...(await send(item)));
  delete form.dataset.busy;
  if (chosen.every((item) => item.kept)) {
    stopCamera();
    location.assign(words.next);
    return;
  }
  announce(words.some);
  list.querySelector("[data-bad]")?.closest("li").querySelector("button").focus();
});

$("[data-opacity]")?.addEventListener("input", (event) => {
  ghost.style.setProperty("--laid", event.target.value / 100);
});

// ---- the camera itself, with the reference laid over what it sees ----
let stream;

/** Width to height of the reference: what is taken has its shape, so that the two lie on each other. */
const shape = () => (ghost?.naturalHeight ? ghost.naturalWidth / ghost.naturalHeight : undefined);

function stopCamera() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
}

if (navigator.mediaDevices?.getUserMedia) {
  $("[data-live]").hidden = false;
  $("[data-camera]").addEventListener("click", async () => {
    try {
      stopCamera();
      stream = await navigator.mediaDevices.getUserMedia({
        video: { facingMode: "environment", width: { ideal: 4096 }, height: { ideal: 3072 } },
      });
    } catch {
      toast(words.noCamera);
      return;
    }
    video.classList.toggle("shaped", Boolean(shape()));
    video.style.setProperty("--shape", shape());
    video.srcObject = stream;
    await video.play();
    lens.hidden = video.hidden = false;
    preview.hidden = true;
    $("[data-shutter]").hidden = false;
    lay();
  });
  $("[data-shutter]").addEventListener("click", async () => {
    const name = `camera-${chosen.length + 1}.jpg`;
    const file = await drawn(video, [video.videoWidth, video.videoHeight], name, shape());
    if (file) add(file);
    video.hidden = false; // The next one may follow at once.
    preview.hidden = true;
  });
  addEventListener("pagehide", stopCamera);
}
