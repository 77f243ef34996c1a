// The clocks of blood and PRP: how long a spin still runs, and how old the blood is. They only count:
// started and stopped is at the server, so a reload or another tablet shows the same. The device's own
// clock is never read: it may be wrong.
const LIVE = '/health/live';
const pages = Date.parse(document.querySelector('[data-now]')?.dataset.now ?? '');
let [server, heard] = [pages || Date.now(), performance.now()];
const now = () => server + (performance.now() - heard);
const live = document.getElementById('live');
const title = document.title;
const running = document.querySelector('[data-until]');

// While a tablet sleeps its counter may stand still: whoever comes back is told the server's time anew.
async function resync() {
  if (document.hidden) return;
  stayAwake();
  try {
    const answer = await fetch(LIVE, { method: 'HEAD', cache: 'no-store', headers: { 'X-Background': '1' } });
    const at = Date.parse(answer.headers.get('Date') ?? '');
    if (at) [server, heard] = [at, performance.now()];
  } catch { /* Without a connection it goes on counting. */ }
}
document.addEventListener('visibilitychange', resync);
addEventListener('pageshow', (event) => { if (event.persisted) resync(); });

// A spin that runs keeps the screen on where the browser can: a dark tablet rings for nobody.
function stayAwake() {
  if (running) navigator.wakeLock?.request('screen').catch(() => { /* A low battery may refuse it. */ });
}
stayAwake();

// A browser plays nothing before somebody has touched the page: the first touch prepares the sound.
let sound;
function prepare() {
  try { sound ??= new AudioContext(); sound.resume(); } catch { /* A browser without sound still shows and says it. */ }
}
for (const touch of ['pointerdown', 'keydown']) addEventListener(touch, prepare, { once: true });

function beep() {
  prepare();
  for (const [at, hertz] of sound ? [[0, 880], [0.35, 880], [0.7, 1175]] : []) {
    const tone = sound.createOscillator();
    const loud = sound.createGain();
    tone.frequency.value = hertz;
    loud.gain.value = 0.25;
    tone.connect(loud).connect(sound.destination);
    tone.start(sound.currentTime + at);
    tone.stop(sound.currentTime + at + 0.25);
  }
  navigator.vibrate?.([300, 150, 300]);
}

const two = (n) => String(n).padStart(2, '0');

for (const clock of document.querySelectorAll('[data-until]')) {
  const until = Date.parse(clock.dataset.until);
  let over = now() >= until;
  const tick = () => {
    const left = Math.round((until - now()) / 1000);
    const seconds = Math.abs(left);
    clock.textContent = `${left < 0 ? '+' : ''}${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
    clock.classList.toggle('rung', left <= 0);
    clock.nextElementSibling.hidden = left > 0;
    if (left <= 0) document.title = `${clock.dataset.textOver} · ${title}`;
    if (left <= 0 && !over) {
      over = true;
      beep();
      if (live) live.textContent = clock.dataset.textOver;
    }
  };
  tick();
  setInterval(tick, 500);
}

// Minutes since the draw, a begun one as a whole. The words and colours of the next step come from the server with the page:
// at each limit the chip is asked for anew.
for (const chip of document.querySelectorAll('[data-since]:not([data-ended])')) {
  const since = Date.parse(chip.dataset.since);
  const tick = () => {
    const minutes = Math.max(0, Math.ceil((now() - since) / 60000));
    for (const [name, limit] of [['late', chip.dataset.red], ['slow', chip.dataset.amber]]) {
      if (minutes <= Number(limit)) continue;
      const is = name === 'late' ? 'stop' : 'caution';
      if (!chip.classList.contains(is)) {
        chip.classList.remove('caution', 'stop');
        chip.classList.add(is);
        chip.querySelector('[data-of=slow]').hidden = name !== 'slow';
        chip.querySelector('[data-of=late]').hidden = name !== 'late';
        if (live) live.textContent = chip.querySelector(`[data-of=${name}]`).textContent;
      }
      break;
    }
    chip.querySelector('[data-minutes]').textContent = chip.dataset.text.replace('%(n)s', minutes);
  };
  tick();
  setInterval(tick, 5000);
}
