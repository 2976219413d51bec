// Keeps a page true while a match is played: patches parts by their key, lets clocks run, tells
// how old the data is and speaks at most one sentence every five seconds.
import { localise } from "./moments.js";

const POLL_MS = 10_000;
const SPEAK_EVERY_MS = 5_000;
const DELAYED_S = 30;
const SILENT_S = 120;
const ASK_AGAIN_MS = 60_000;
const CALM_MS = 30_000;
const SOON_MS = 1_000;
const SPREAD_MS = 4_000;
// How old an answer with regions may be when it is given, and how long it may be on its way.
const ANSWER_AGE_MS = 2_000;
const REMEMBER_MS = 30_000;
const TABLE_NEWS = "table-news";
// Parts that say how old the data is: no news by themselves.
const AGES = ["age", "banner", "table-age"];

const root = document.documentElement;
const clockSkewMs = Number(root.dataset.now || Date.now()) - Date.now();
const serverNow = () => Date.now() + clockSkewMs;

// Parts ------------------------------------------------------------------------------------------

const elementOf = (html) => {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
};

// The words of an event for those who hear the page.
const SPOKEN = ".moment__text .vh, .play__text, .moment__line";

const FOCUSABLE = "a[href], button, summary, select, [tabindex]";
const SCROLLED = ".table-wrap, .chart__table, .chips";

const nameOf = (element) => {
  const row = element.closest("tr, li")?.querySelector("a[href]")?.getAttribute("href");
  const own = element.getAttribute("href") ?? element.getAttribute("aria-label") ?? element.textContent.trim();
  return `${row} ${own}`;
};

// By its name and row: its place among others may be somebody else's in the fresh part.
const focusIn = (part) => {
  const all = [...part.querySelectorAll(FOCUSABLE)];
  const place = all.indexOf(document.activeElement);
  if (place < 0) return null;
  const name = nameOf(all[place]);
  return { name, place, nth: all.slice(0, place).filter((other) => nameOf(other) === name).length };
};

// What a reader did to a part, to be done again to the fresh one: opened, scrolled, focused.
const stateOf = (part) => ({
  open: [...part.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent),
  scrolled: [...part.querySelectorAll(SCROLLED)].map((box) => [box.scrollLeft, box.scrollTop]),
  focused: focusIn(part),
});

// Where the focus goes when what had it is gone: near by, but on nothing that acts when it is pressed.
const focusNear = (part, next) => {
  if (next && !next.form) return next;
  const box = next?.closest("[tabindex]");
  if (part.contains(box ?? null)) return box;
  part.tabIndex = -1;
  return part;
};

const bringBack = (part, { open, scrolled, focused }) => {
  for (const summary of part.querySelectorAll("details > summary")) {
    if (open.includes(summary.textContent)) summary.parentElement.open = true;
  }
  [...part.querySelectorAll(SCROLLED)].forEach((box, index) => {
    [box.scrollLeft, box.scrollTop] = scrolled[index] ?? [0, 0];
  });
  if (!focused) return;
  const all = [...part.querySelectorAll(FOCUSABLE)];
  const same = all.filter((element) => nameOf(element) === focused.name);
  const found = same[focused.nth] ?? same.at(-1) ?? focusNear(part, all[focused.place]);
  found.focus({ preventScroll: true });
};

const replaceInside = (held, html) => {
  if (held.innerHTML.trim() === html) return false;
  const state = stateOf(held);
  held.innerHTML = html;
  bringBack(held, state);
  return true;
};

const flash = (before, part) => {
  for (const element of part.querySelectorAll("[data-flash]")) {
    if (before && before !== element.dataset.flash) {
      element.classList.add("flash");
      element.addEventListener("animationend", () => element.classList.remove("flash"), { once: true });
    }
  }
};

const shownScore = (part) => part.querySelector("[data-flash]")?.dataset.flash;

const replaceWhole = (held, fresh, put = () => held.replaceWith(fresh)) => {
  const before = shownScore(held);
  const state = stateOf(held);
  const wasOpen = held.querySelector("details")?.open;
  put();
  if (wasOpen) fresh.querySelector("details")?.setAttribute("open", "");
  bringBack(fresh, state);
  flash(before, fresh);
};

const replacePart = (held, html) => {
  const before = shownScore(held);
  if (replaceInside(held, html)) flash(before, held);
};

// Dividers stand in every list, whatever the reader chose.
const belongs = (list, fresh) => {
  const { show, period } = list.dataset;
  const isChosen = fresh.classList.contains("moment--divider") || fresh.dataset.groups.split(" ").includes(show);
  return isChosen && (!period || fresh.dataset.period === period);
};

const putInOrder = (list, fresh) => {
  const earlier = [...list.children].find((child) => child.dataset.order < fresh.dataset.order);
  list.insertBefore(fresh, earlier ?? null);
};

const insert = (list, fresh) => {
  if (!belongs(list, fresh)) return false;
  fresh.classList.add("moment--new");
  putInOrder(list, fresh);
  document.querySelector("[data-until-first]")?.remove();
  return true;
};

const takeOut = (held) => {
  const list = held.parentElement;
  const hadFocus = held.contains(document.activeElement);
  held.remove();
  if (!hadFocus) return;
  list.tabIndex = -1;
  list.focus({ preventScroll: true });
};

// A corrected event may stand at another place now, or in this list no more.
const replaceInList = (list, held, fresh) => {
  if (!belongs(list, fresh)) return takeOut(held);
  if (held.dataset.order === fresh.dataset.order) return replaceWhole(held, fresh);
  return replaceWhole(held, fresh, () => {
    held.remove();
    putInOrder(list, fresh);
  });
};

// What a new page's first snapshot repeats must not move under the reader's finger.
const isShown = (held, fresh) => {
  const plain = held.cloneNode(true);
  plain.classList.remove("moment--new", "moment--pointed");
  localise(fresh);
  return plain.isEqualNode(fresh);
};

const replaceEach = (held, html) => {
  for (const element of held) {
    const fresh = elementOf(html);
    if (isShown(element, fresh)) continue;
    const list = element.closest("[data-list]");
    if (list) replaceInList(list, element, fresh);
    else replaceWhole(element, fresh);
  }
};

// A log that was told anew has other lines. They are asked for as a whole, by the reader's choice and
// not by all readers at once.
let log = "";
let isRenewing = false;

const hasOtherLog = () => {
  const shown = document.querySelector("[data-moments]");
  return shown !== null && shown.dataset.moments !== log;
};

const renewMoments = async () => {
  const heardBefore = heard;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = answer.ok && page.querySelector("[data-moments]");
    if (!fresh || heard !== heardBefore) return false;
    const held = document.querySelector("[data-moments]");
    const state = stateOf(held);
    held.replaceWith(fresh);
    bringBack(fresh, state);
    return true;
  } catch {
    return false;
  }
};

// A page may be newer than the snapshot that it begins with: the frames after that say so at once.
const keepLog = async (told) => {
  log = told;
  if (isRenewing || !hasOtherLog()) return;
  isRenewing = true;
  let spread = SPREAD_MS;
  do {
    const wait = Math.random() * spread;
    await new Promise((done) => setTimeout(done, wait));
    spread = Math.min(spread * 2, CALM_MS);
  } while (hasOtherLog() && !(await renewMoments()));
  isRenewing = false;
  localise(document);
  tick();
};

const heldIn = (place, key) => [...place.querySelectorAll(`[data-k="${CSS.escape(key)}"]`)];

const patchOne = (key, html) => {
  const held = heldIn(document, key);
  if (html === null) {
    held.forEach(takeOut);
    return null;
  }
  if (!key.includes(":")) {
    for (const element of held) replacePart(element, html);
    return null;
  }
  replaceEach(held, html);
  const list = held.length ? null : document.querySelector(`[data-list="${key.split(":")[0]}:"]`);
  const fresh = list && elementOf(html);
  return fresh && insert(list, fresh) ? fresh : null;
};

const patch = (parts) => {
  if ("log" in parts) keepLog(parts.log);
  const added = [];
  for (const [key, html] of Object.entries(parts)) {
    if (key === "say") speaker.say(html, { isKey: true });
    else added.push(patchOne(key, html));
  }
  localise(document);
  tick();
  countLive();
  const fresh = added.filter(Boolean);
  const newest = fresh.at(-1);
  if (newest) {
    offerJump(newest.parentElement);
    speaker.say(newest.querySelector(SPOKEN)?.innerHTML ?? "", { isKey: false });
  }
  const isKey =
    "say" in parts || "ask" in parts || TABLE_NEWS in parts || fresh.some((item) => item.dataset.groups.startsWith("key"));
  if (keeper?.isAbout(Object.keys(parts))) keeper.hear({ isKey });
};

const countLive = () => {
  const count = document.querySelectorAll('[data-live-kind="live"], [data-live-kind="pause"]').length;
  for (const place of document.querySelectorAll("[data-live-count]")) place.textContent = count;
};

const isPast = (list) => list.getBoundingClientRect().top < 0;

// Shown to a reader who is further down when something new comes, gone when he is back.
const offerJump = (list) => {
  const button = document.querySelector("[data-jump-latest]");
  if (!button || !isPast(list)) return;
  button.hidden = false;
};

const watchJump = () => {
  const button = document.querySelector("[data-jump-latest]");
  const present = () => document.querySelector("[data-list]");
  if (!button || !present()) return;
  button.addEventListener("click", () => {
    const list = present();
    button.hidden = true;
    list.tabIndex = -1;
    list.focus({ preventScroll: true });
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    list.scrollIntoView({ block: "start", behavior: isCalm ? "auto" : "smooth" });
  });
  addEventListener("scroll", () => (button.hidden ||= !isPast(present())), { passive: true });
};

// Regions ----------------------------------------------------------------------------------------

// The parts of a page that are too large to push: charts, tables, filters. After news they are asked
// for, soon after a key moment, else now and then, and never by all readers at once.
class RegionKeeper {
  #timer = 0;
  #dueAt = Infinity;
  #askedAt = performance.now();
  #isBusy = false;

  constructor(place, onChange) {
    this.by = place.dataset.regionsBy;
    this.isCalm = "regionsCalm" in place.dataset;
    this.onChange = onChange;
    document.addEventListener("visibilitychange", () => document.hidden || this.#plan(this.#dueAt));
  }

  // A league's page hears of every match there is, and asks when its own table is a new one.
  isAbout(keys) {
    return this.by ? keys.includes(this.by) : keys.some((key) => !AGES.includes(key));
  }

  hear({ isKey }) {
    const now = performance.now();
    const spread = SOON_MS + Math.random() * SPREAD_MS;
    this.#plan(isKey && !this.isCalm ? now + spread : Math.max(now + spread, this.#askedAt + CALM_MS));
  }

  #plan(at) {
    this.#dueAt = Math.min(this.#dueAt, at);
    clearTimeout(this.#timer);
    if (this.#dueAt === Infinity || document.hidden) return;
    this.#timer = setTimeout(() => this.#ask(), Math.max(0, this.#dueAt - performance.now()));
  }

  async #ask() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#dueAt = Infinity;
    this.#askedAt = performance.now();
    await Promise.all([...document.querySelectorAll("[data-regions]")].map((place) => this.#renew(place)));
    this.#isBusy = false;
    this.#plan(this.#dueAt);
  }

  // What is asked for is what a list shows by then that the reader filters in place; a sheet over the
  // page has an address of its own.
  async #renew(place) {
    const sheet = place.closest("[data-from]");
    const url = new URL(place.dataset.regions, sheet?.dataset.from ?? location.href);
    const askedAt = performance.now();
    try {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      const regions = answer.ok ? (await answer.json()).regions : {};
      // What the reader did meanwhile brought something newer.
      if (place.isConnected) this.#show(regions, sheet, askedAt - ANSWER_AGE_MS);
    } catch {
      // The next news asks again.
    }
  }

  #show(regions, sheet, toldAt) {
    for (const [name, html] of Object.entries(regions)) {
      for (const part of document.querySelectorAll(`[data-region="${CSS.escape(name)}"]`)) {
        if (part.closest("[data-from]") !== sheet) continue;
        replaceInside(part, html);
        bringUpToDate(part, toldAt);
      }
    }
    this.onChange();
  }
}

// Clocks and ages --------------------------------------------------------------------------------

const minute = (ms, length, offset) => {
  if (length && ms >= length) {
    return `${Math.floor((offset + length) / 60000)}+${Math.floor((ms - length) / 60000) + 1}'`;
  }
  return `${Math.floor((offset + ms) / 60000) + 1}'`;
};

const minutesAndSeconds = (ms) => {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
};

const clockWords = ({ clock, ms, since, length, offset, prefix }) => {
  const passed = since ? Math.max(0, serverNow() - Date.parse(since)) : 0;
  const present = Number(ms) + passed;
  if (clock === "minute") return minute(present, Number(length), Number(offset));
  const shown = clock === "down" ? Math.max(0, Number(length) - present) : present;
  return `${prefix} ${minutesAndSeconds(shown)}`.trim();
};

const ageOf = (element) => Math.max(0, Math.floor((serverNow() - Date.parse(element.dataset.age)) / 1000));

const showAge = (element) => {
  const seconds = ageOf(element);
  const kind = seconds < DELAYED_S ? "fresh" : seconds < SILENT_S ? "delayed" : "silent";
  const count = kind === "silent" ? Math.floor(seconds / 60) : seconds;
  element.className = `age age--${kind}`;
  const words = element.dataset[kind].replace("{n}", count);
  const place = element.querySelector("[data-age-words]");
  if (place.textContent !== words) place.textContent = words;
  return seconds;
};

let oldest = 0;
const tick = () => {
  for (const element of document.querySelectorAll("[data-clock]")) {
    const words = clockWords(element.dataset);
    if (element.textContent !== words) element.textContent = words;
  }
  oldest = Math.max(0, ...[...document.querySelectorAll("[data-age]")].map(showAge));
};

// Speech -----------------------------------------------------------------------------------------

class Speaker {
  #region = document.getElementById("say");
  #next = "";
  #last = "";
  #timer = 0;
  #lastAt = -SPEAK_EVERY_MS;
  #wish = "key";

  // A browser that may keep nothing for us throws.
  get wish() {
    try {
      return localStorage.getItem("say") ?? this.#wish;
    } catch {
      return this.#wish;
    }
  }

  set wish(wish) {
    this.#wish = wish;
    try {
      localStorage.setItem("say", wish);
    } catch {
      // It lasts as long as the page then.
    }
  }

  say(html, { isKey }) {
    if (this.wish === "off" || (!isKey && this.wish !== "all")) return;
    const text = elementOf(`<p>${html}</p>`)?.textContent.trim();
    if (!text || text === this.#last) return;
    this.#last = text;
    // The newest sentence wins: an older one that still waits is out of date.
    this.#next = text;
    if (!this.#timer) {
      const wait = Math.max(0, this.#lastAt + SPEAK_EVERY_MS - performance.now());
      this.#timer = setTimeout(() => this.#speak(), wait);
    }
  }

  #speak() {
    this.#timer = 0;
    this.#lastAt = performance.now();
    this.#region.textContent = this.#next;
  }
}

const speaker = new Speaker();

const offerSpeechChoice = () => {
  const choice = document.querySelector("[data-say-choice]");
  if (!choice) return;
  choice.hidden = false;
  const select = choice.querySelector("select");
  select.value = speaker.wish;
  select.addEventListener("change", () => (speaker.wish = select.value));
};

// The wire ---------------------------------------------------------------------------------------

// What the socket brought while an answer was on its way is newer than the answer.
let heard = 0;
// By name, the last told at the end: as many as there are parts, however many frames come.
const recent = new Map();

const hear = (parts) => {
  heard += 1;
  const at = performance.now();
  for (const [key, html] of Object.entries(parts)) {
    recent.delete(key);
    recent.set(key, { at, html });
  }
  for (const [key, told] of recent) {
    if (told.at > at - REMEMBER_MS) break;
    recent.delete(key);
  }
  patch(parts);
};

// A region may contain parts that are pushed, a row of another match, as they were when it was told.
const bringUpToDate = (region, toldAt) => {
  for (const [key, { at, html }] of recent) {
    if (at < toldAt) continue;
    const held = html === null ? [] : heldIn(region, key);
    if (key.includes(":")) replaceEach(held, html);
    else for (const element of held) replacePart(element, html);
  }
};

const askForParts = async (url) => {
  const before = heard;
  try {
    const answer = await fetch(url, { headers: { Accept: "application/json" } });
    const parts = answer.ok ? (await answer.json()).k : {};
    if (heard === before) patch(parts);
  } catch {
    // The next round asks again; the age of the data tells the reader meanwhile.
  }
};

class Poller {
  #timer = 0;

  constructor(url) {
    this.url = url;
  }

  start() {
    if (this.#timer) return;
    this.#timer = setInterval(() => document.hidden || askForParts(this.url), POLL_MS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }
}

const keepFresh = (url) => {
  let askedAt = performance.now();
  setInterval(() => {
    tick();
    if (document.hidden || oldest < DELAYED_S - 2 || performance.now() - askedAt < ASK_AGAIN_MS) return;
    askedAt = performance.now();
    askForParts(url);
  }, 1000);
};

let keeper = null;
let isFollowing = false;

export const follow = async (place) => {
  // A page that listens does so for a sheet over it, too.
  if (isFollowing) return;
  isFollowing = true;
  const topics = place.dataset.liveTopics.split(" ");
  const url = place.dataset.fragments;
  const poller = new Poller(url);
  if (place.dataset.regions) {
    keeper = new RegionKeeper(place, () => {
      localise(document);
      tick();
    });
  }
  offerSpeechChoice();
  watchJump();
  tick();
  keepFresh(url);
  try {
    const { connectLive } = await import("./live-socket.js");
    connectLive({
      topics,
      onSnapshot: (_topic, state) => state?.k && hear(lasting(state.k)),
      onFrame: (_topic, frame) => frame?.k && hear(frame.k),
      onStatus: (state) => (state === "open" ? poller.stop() : poller.start()),
    });
  } catch {
    poller.start();
  }
};

// What was said before this page came is no news, and how old the data was then, no truth any more:
// the page asks for it itself as soon as it matters. A row is older than its age, which it contains.
const isOfThen = (key) => key === "say" || AGES.includes(key) || key.startsWith("g:");
const isRowAge = (key) => key.startsWith("a:");
// Lines of another log than the page's are none of its own: the list is asked for as a whole.
const isLine = (key) => /^[tpl]:/.test(key);
const lasting = (parts) => {
  const shown = document.querySelector("[data-moments]")?.dataset.moments;
  const isOtherLog = shown && parts.log && parts.log !== shown;
  const kept = Object.entries(parts).filter(([key]) => !isOfThen(key) && !(isOtherLog && isLine(key)));
  return Object.fromEntries([...kept.filter(([key]) => !isRowAge(key)), ...kept.filter(([key]) => isRowAge(key))]);
};

// The replay of a match shows its parts in the same way.
export { clockWords, replacePart as replaceInside, replaceWhole, speaker, SPOKEN };
