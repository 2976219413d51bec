// Plays a match again on its page: the server tells once what changes when, the clock runs here.
import { clockWords, replaceInside, replaceWhole, speaker, SPOKEN } from "./live-page.js";
import { localise } from "./moments.js";

const STEP_MS = 15_000;
const LEAP_MS = 300_000;
const MOST_ITEMS = 40;

const root = document.querySelector("[data-replay]");
const find = (name) => root.querySelector(`[data-replay-${name}]`);
const range = find("at");
const playButton = find("play");
const speedChoice = find("speed");
const list = document.querySelector("[data-replay-items]");
const quiet = document.querySelector("[data-replay-quiet]");
const lengthMs = Number(range.max);
const stretches = root.dataset.stretches
  .trim()
  .split(" ")
  .map((words) => words.split(":").map(Number));

// The film --------------------------------------------------------------------------------------

class Film {
  #parts = new Map(); // by name: moments and HTML, in order
  #shown = new Map();
  #items = [];
  #count = -1;

  constructor(html) {
    const template = document.createElement("template");
    template.innerHTML = html;
    for (const part of template.content.querySelectorAll("[data-at]")) {
      const name = part.dataset.part;
      if (!this.#parts.has(name)) this.#parts.set(name, []);
      this.#parts.get(name).push({ at: Number(part.dataset.at), html: part.innerHTML.trim() });
    }
    const moments = template.content.querySelector("[data-moments]").dataset.moments.trim().split(" ");
    this.#items = [...template.content.querySelectorAll("ol > li")].map((element, place) => ({
      at: Number(moments[place]),
      element: document.importNode(element, true),
    }));
  }

  show(position, { isPlaying }) {
    for (const [name, changes] of this.#parts) {
      const change = changes.findLast(({ at }) => at <= position) ?? changes[0];
      if (this.#shown.get(name) === change) continue;
      this.#shown.set(name, change);
      showPart(name, change.html);
    }
    this.#showItems(position, isPlaying);
  }

  #showItems(position, isPlaying) {
    const told = this.#items.filter(({ at }) => at <= position);
    if (told.length === this.#count) return;
    const isNews = isPlaying && this.#count >= 0 && told.length > this.#count;
    this.#count = told.length;
    list.replaceChildren(...told.slice(-MOST_ITEMS).map(({ element }) => element).reverse());
    quiet.hidden = told.length > 0;
    if (isNews) say(told.at(-1).element);
  }
}

const showPart = (name, html) => {
  for (const held of document.querySelectorAll(`[data-k="${CSS.escape(name)}"]`)) {
    if (!name.includes(":")) replaceInside(held, html);
    else {
      const template = document.createElement("template");
      template.innerHTML = html;
      replaceWhole(held, template.content.firstElementChild);
    }
  }
};

const say = (item) => {
  const words = item.querySelector(SPOKEN);
  if (words) speaker.say(words.innerHTML, { isKey: true });
};

// Time ------------------------------------------------------------------------------------------

const tellClock = (position) => {
  const [start, length] = stretches.findLast(([begin]) => begin <= position) ?? [0, 0];
  for (const element of document.querySelectorAll(".board [data-clock]")) {
    const ms = Math.min(position - start, length);
    const words = clockWords({ ...element.dataset, ms, since: "" });
    if (element.textContent !== words) element.textContent = words;
  }
  const words = [".board__state", ".board .score"].map(
    (place) => document.querySelector(place)?.textContent.replace(/\s+/g, " ").trim() ?? "",
  );
  range.setAttribute("aria-valuetext", words.filter(Boolean).join(", "));
};

class Player {
  #film = null;
  #asking = null;
  #position = Number(range.value);
  #since = null; // where in the browser's time the position was true, null: paused
  #speed = Number(speedChoice.value);

  get position() {
    if (this.#since === null) return this.#position;
    return Math.min(lengthMs, this.#position + (performance.now() - this.#since) * this.#speed);
  }

  get isPlaying() {
    return this.#since !== null;
  }

  async play() {
    if (this.position >= lengthMs) this.#position = 0;
    await this.#load();
    if (!this.#film) return;
    this.#since = performance.now();
    this.#tellState();
    requestAnimationFrame(this.#tick);
  }

  pause() {
    this.#position = this.position;
    this.#since = null;
    this.#tellState();
    this.#remember();
  }

  toggle() {
    return this.isPlaying ? this.pause() : this.play();
  }

  async seek(position) {
    this.#position = Math.max(0, Math.min(lengthMs, position));
    if (this.isPlaying) this.#since = performance.now();
    range.value = this.#position;
    await this.#load();
    this.#show();
    if (!this.isPlaying) this.#remember();
  }

  warm() {
    this.#load();
  }

  setSpeed(speed) {
    this.#position = this.position;
    if (this.isPlaying) this.#since = performance.now();
    this.#speed = speed;
  }

  async #load() {
    this.#asking ??= fetch(root.dataset.film).then((answer) => {
      if (!answer.ok) throw new Error(`film: ${answer.status}`);
      return answer.text();
    });
    try {
      this.#film ??= new Film(await this.#asking);
    } catch {
      // Asked again at the next wish; the links go on working.
      this.#asking = null;
    }
  }

  #tick = () => {
    if (!this.isPlaying) return;
    this.#show();
    if (this.position >= lengthMs) this.pause();
    else requestAnimationFrame(this.#tick);
  };

  #show() {
    const position = this.position;
    range.value = position;
    this.#film?.show(position, { isPlaying: this.isPlaying });
    tellClock(position);
    localise(list);
  }

  #tellState() {
    find("words").textContent = this.isPlaying ? root.dataset.pauseWords : root.dataset.playWords;
    root.querySelector('[data-replay-icon="play"]').hidden = this.isPlaying;
    root.querySelector('[data-replay-icon="pause"]').hidden = !this.isPlaying;
  }

  #remember() {
    history.replaceState(null, "", `?at=${Math.round(this.#position)}`);
  }
}

const player = new Player();

const KEYS = {
  ArrowRight: STEP_MS,
  ArrowUp: STEP_MS,
  ArrowLeft: -STEP_MS,
  ArrowDown: -STEP_MS,
  PageUp: LEAP_MS,
  PageDown: -LEAP_MS,
};

range.addEventListener("keydown", (event) => {
  if (event.key === " ") player.toggle();
  else if (event.key in KEYS) player.seek(player.position + KEYS[event.key]);
  else return;
  event.preventDefault();
});
range.addEventListener("input", () => player.seek(Number(range.value)));
playButton.addEventListener("click", () => player.toggle());
speedChoice.addEventListener("change", () => player.setSpeed(Number(speedChoice.value)));
root.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
for (const link of root.querySelectorAll("[data-replay-to]")) {
  link.addEventListener("click", (event) => {
    event.preventDefault();
    player.seek(Number(link.dataset.replayTo));
  });
}
for (const part of root.querySelectorAll("[data-replay-choice], [data-replay-play]")) part.hidden = false;
for (const part of root.querySelectorAll("[data-replay-plain]")) part.hidden = true;
tellClock(player.position);
// By the time of the first wish the film is here.
setTimeout(() => player.warm(), 400);
