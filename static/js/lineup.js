// The own line-up on a pitch: choose a player, then a partner; or drag one on another. The form below
// holds what is chosen, and saving sends it, so the same works without this.
import { openSheet } from "./acts.js";
import { saving } from "./lineup-save.js";

const form = document.querySelector("[data-lineup]");
const PLAYS = "plays";

// Sentences come from the page, in its language; {a} and {b} are names, {n} a number.
const tell = (key, values = {}) =>
  Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{${name}}`, value), words[key]);

const words = form ? JSON.parse(document.getElementById("words").textContent) : {};

const shape = form ? JSON.parse(document.getElementById("shape").textContent) : {};
const bar = form?.querySelector("[data-bar]");
const spots = [...(form?.querySelectorAll(".spot") ?? [])];
const help = bar?.querySelector("[data-bar-help]");
const usualHelp = help?.textContent;
const sheet = form?.querySelector("[data-player-sheet]");
const toast = form?.querySelector("[data-toast]");
const isCalm = matchMedia("(prefers-reduced-motion: reduce)");
const TOAST_MS = 20000;
const PRESS_MS = 500;
const SWAP_MS = 180;
let chosen = null;
let save = null;
// How the line-up was when it was saved, before the last change, and is now.
const states = { saved: null, before: null, now: null };
let changes = 0;
let toastTimer = 0;

const field = (spot) => form.elements[`place-${spot.dataset.player}`];
const button = (spot) => spot.querySelector(".spot__button");
const nameOf = (spot) => button(spot).dataset.name;
const isPlaying = (spot) => field(spot).value === PLAYS;
const holder = (name) => spots.find((spot) => form.elements[name]?.value === spot.dataset.player);
const say = (text) => (document.getElementById("say").textContent = text);

// Why two may not change places, empty when they may.
const whyNot = (one, other) => {
  if (one === other) return "";
  if (isPlaying(one) && isPlaying(other)) return tell("both");
  const [a, b] = [shape[one.dataset.position], shape[other.dataset.position]];
  if (one.dataset.position !== other.dataset.position && (a.slot || b.slot)) {
    return tell("same", { a: (a.slot ? a : b).name });
  }
  if (!isPlaying(one) && !isPlaying(other)) return "";
  const counts = {};
  for (const spot of spots) {
    const plays = spot === one || spot === other ? !isPlaying(spot) : isPlaying(spot);
    if (plays) counts[spot.dataset.position] = (counts[spot.dataset.position] ?? 0) + 1;
  }
  for (const [id, { min, max, name }] of Object.entries(shape)) {
    const count = counts[id] ?? 0;
    if (count < min) return tell("least", { a: name, n: min });
    if (count > max) return tell("most", { a: name, n: max });
  }
  return "";
};

const draw = () => {
  const benched = spots.filter((spot) => !isPlaying(spot));
  for (const row of form.querySelectorAll("[data-row]")) {
    const mine = spots.filter((spot) => isPlaying(spot) && spot.dataset.position === row.dataset.row);
    for (const spot of mine) if (spot.parentElement !== row) row.append(spot);
  }
  const bench = form.querySelector("[data-bench]");
  benched.sort((a, b) => field(a).value - field(b).value);
  for (const spot of benched) bench.append(spot);
  for (const spot of spots) label(spot);
};

const label = (spot) => {
  const target = button(spot);
  let text = target.dataset.label;
  for (const name of ["captain", "vice"]) {
    const is = form.elements[name]?.value === spot.dataset.player;
    spot.querySelector(`[data-badge="${name}"]`).hidden = !is;
    if (is) text += `, ${words[name]}`;
  }
  const reason = chosen && chosen !== spot ? whyNot(chosen, spot) : "";
  const can = chosen && chosen !== spot && !reason;
  target.setAttribute("aria-pressed", chosen === spot);
  target.toggleAttribute("data-can", Boolean(can));
  if (reason) target.setAttribute("aria-disabled", "true");
  else target.removeAttribute("aria-disabled");
  target.title = reason;
  const act = can ? tell("swap", { a: nameOf(chosen) }) : words.substitute;
  target.setAttribute("aria-label", `${text}. ${reason || act}`);
};

// All that the form says, and in which order the shirts stand.
const snapshot = () => {
  const fields = {};
  for (const spot of spots) fields[field(spot).name] = field(spot).value;
  for (const name of ["captain", "vice"]) if (form.elements[name]) fields[name] = form.elements[name].value;
  return { fields, order: [...form.querySelectorAll(".spot")] };
};

const isSame = (one, other) => JSON.stringify(one.fields) === JSON.stringify(other.fields);

const restore = ({ fields, order }) => {
  for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
  draw();
  for (const spot of order) spot.parentElement.append(spot);
};

// What the API is to save: starters as they stand, then the bench in its order.
const body = () => {
  const standing = [...form.querySelectorAll("[data-row] .spot, [data-bench] .spot")];
  const ids = Object.fromEntries(spots.map((spot) => [spot.dataset.player, spot.dataset.id]));
  const wanted = { players: standing.map((spot) => spot.dataset.id), round: Number(form.elements.round.value) };
  for (const name of ["captain", "vice"]) {
    if (form.elements[name]?.value) wanted[name] = ids[form.elements[name].value];
  }
  return wanted;
};

// Puts what waited in the browser on the pitch; nothing where the squad is another one by now.
const wear = ({ players, captain, vice }) => {
  const byId = new Map(spots.map((spot) => [spot.dataset.id, spot]));
  if (players.length !== spots.length || !players.every((id) => byId.has(id))) return;
  players.forEach((id, at) => {
    field(byId.get(id)).value = at < Number(form.dataset.size) ? PLAYS : at + 1;
  });
  if (captain) form.elements.captain.value = byId.get(captain).dataset.player;
  if (vice) form.elements.vice.value = byId.get(vice).dataset.player;
  draw();
  for (const id of players) byId.get(id).parentElement.append(byId.get(id));
};

const showState = () => {
  const isDirty = !isSame(states.now, states.saved);
  if (!isDirty) changes = 0;
  if (!isDirty) save.drop();
  else if (!navigator.onLine) save.push(changes);
  else save.tellDirty(changes);
};

const hideToast = () => {
  clearTimeout(toastTimer);
  toast.hidden = true;
};

const waitToHide = () => {
  clearTimeout(toastTimer);
  toastTimer = setTimeout(hideToast, TOAST_MS);
};

const changed = (text) => {
  [states.before, states.now] = [states.now, snapshot()];
  changes += 1;
  showState();
  toast.querySelector("[data-toast-text]").textContent = text;
  toast.hidden = false;
  waitToHide();
  const state = form.querySelector("[data-waits]:not([hidden]) [data-waits-text]")?.textContent ?? "";
  say(`${text} ${words.can_undo} ${state}`.trim());
};

const undo = () => {
  if (!states.before) return;
  restore(states.before);
  [states.before, states.now] = [null, snapshot()];
  changes = Math.max(0, changes - 1) || 1;
  const hadFocus = toast.contains(document.activeElement);
  hideToast();
  showState();
  say(words.undone);
  if (hadFocus) button(spots[0]).focus({ preventScroll: true });
};

// Lets shirts glide from where they were; they stand in their new places at once.
const glide = (moved, act) => {
  const from = moved.map((spot) => spot.getBoundingClientRect());
  act();
  if (isCalm.matches) return;
  moved.forEach((spot, at) => {
    const to = spot.getBoundingClientRect();
    const move = `translate(${from[at].x - to.x}px, ${from[at].y - to.y}px)`;
    spot.animate([{ transform: move }, { transform: "none" }], { duration: SWAP_MS, easing: "ease-out" });
  });
};

const choose = (spot) => {
  chosen = spot;
  bar.hidden = !spot;
  help.textContent = usualHelp;
  if (spot) {
    bar.querySelector("[data-bar-name]").textContent = nameOf(spot);
    const plays = isPlaying(spot);
    for (const name of ["captain", "vice"]) {
      const act = bar.querySelector(`[data-do="${name}"]`);
      if (act) act.hidden = !plays || form.elements[name].value === spot.dataset.player;
    }
    for (const way of ["earlier", "later"]) {
      bar.querySelector(`[data-do="${way}"]`).hidden = plays || !neighbour(spot, way);
    }
  }
  spots.forEach(label);
};

const neighbour = (spot, way) => {
  const bench = spots.filter((other) => !isPlaying(other)).sort((a, b) => field(a).value - field(b).value);
  const other = bench[bench.indexOf(spot) + (way === "earlier" ? -1 : 1)];
  return other && !whyNot(spot, other) ? other : null;
};

const exchange = (one, other) => {
  [field(one).value, field(other).value] = [field(other).value, field(one).value];
  // Who leaves the field hands his armband to who comes.
  for (const name of ["captain", "vice"]) {
    const bearer = holder(name);
    if (bearer && !isPlaying(bearer)) {
      form.elements[name].value = (bearer === one ? other : one).dataset.player;
    }
  }
};

// Who comes takes the place of who goes, in the row where both stand in one.
const stand = (stood, one, other) => {
  const order = stood.map((spot) => (spot === one ? other : spot === other ? one : spot));
  for (const row of form.querySelectorAll("[data-row]")) {
    for (const spot of order) if (spot.parentElement === row) row.append(spot);
  }
};

const swap = (one, other) => {
  const wasPlaying = isPlaying(one);
  choose(null);
  glide([one, other], () => {
    const stood = [...form.querySelectorAll(".spot")];
    exchange(one, other);
    draw();
    stand(stood, one, other);
  });
  const [off, on] = wasPlaying ? [one, other] : [other, one];
  changed(tell(isPlaying(on) ? "on" : "places", { a: nameOf(on), b: nameOf(off) }));
  button(one).focus({ preventScroll: true });
};

const press = (spot) => {
  if (!chosen) {
    choose(spot);
    say(`${nameOf(spot)}: ${usualHelp}`);
    return;
  }
  if (chosen === spot) {
    choose(null);
    return;
  }
  const reason = whyNot(chosen, spot);
  if (reason) {
    help.textContent = reason;
    say(reason);
    return;
  }
  swap(chosen, spot);
};

const lead = (name, spot) => {
  const other = name === "captain" ? "vice" : "captain";
  const [mine, before] = [spot.dataset.player, form.elements[name].value];
  if (form.elements[other]?.value === mine) form.elements[other].value = before;
  form.elements[name].value = mine;
  const who = nameOf(spot);
  const target = button(spot);
  choose(null);
  changed(`${who}: ${words[name]}.`);
  target.focus({ preventScroll: true });
};

// The nearest in that direction, by where the buttons are.
const walk = (from, key) => {
  const box = from.getBoundingClientRect();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const near = { best: Infinity, found: null };
  for (const spot of spots) {
    const other = button(spot).getBoundingClientRect();
    const [dx, dy] = [other.x + other.width / 2 - x, other.y + other.height / 2 - y];
    const [ahead, aside] = key === "ArrowLeft" || key === "ArrowRight" ? [dx, dy] : [dy, dx];
    const way = key === "ArrowLeft" || key === "ArrowUp" ? -ahead : ahead;
    const far = way + 3 * Math.abs(aside);
    if (way > 8 && far < near.best) Object.assign(near, { best: far, found: button(spot) });
  }
  near.found?.focus();
};

const openPlayer = (spot) => {
  const target = button(spot);
  sheet.spot = spot;
  sheet.querySelector("[data-sheet-name]").textContent = nameOf(spot);
  sheet.querySelector("[data-sheet-kind]").textContent = target.dataset.told;
  const plays = isPlaying(spot);
  for (const name of ["captain", "vice"]) {
    const act = sheet.querySelector(`[data-act-of="${name}"]`);
    if (!act) continue;
    const isHe = form.elements[name].value === spot.dataset.player;
    act.disabled = !plays || isHe;
    act.querySelector("[data-why-not]").textContent = isHe ? words[`is_${name}`] : plays ? "" : words.must_play;
  }
  for (const [name, href] of [
    ["transfer", target.dataset.transfer],
    ["stats", target.dataset.details],
    ["why", target.dataset.why],
  ]) {
    const link = sheet.querySelector(`[data-act-of="${name}"]`);
    if (href) link.href = href;
    else link.removeAttribute("href");
  }
  sheet.showModal();
};

const listenToSheet = () => {
  const close = () => {
    sheet.close();
    return sheet.spot;
  };
  sheet.addEventListener("close", () => button(sheet.spot).focus({ preventScroll: true }));
  sheet.addEventListener("click", (event) => {
    const act = event.target.closest("[data-act-of]");
    if (event.target === sheet || event.target.closest("[data-close]")) close();
    if (!act) return;
    const name = act.dataset.actOf;
    if (name === "captain" || name === "vice") lead(name, close());
    else if (name === "sub") {
      const spot = close();
      choose(spot);
      say(`${nameOf(spot)}: ${usualHelp}`);
    } else if ((name === "stats" || name === "why") && act.href) {
      event.preventDefault();
      const target = button(close());
      openSheet({ href: act.href, focus: (options) => target.focus(options) }).catch(() => location.assign(act.href));
    }
  });
};

// A finger or a mouse that stays on a shirt opens his sheet; one that moves drags or scrolls.
const listenToLongPress = (spot) => {
  const target = button(spot);
  let timer = 0;
  let start = null;
  let isLong = false;
  const stop = () => clearTimeout(timer);
  target.addEventListener("pointerdown", (event) => {
    isLong = false;
    if (event.button) return;
    // Browsers would drag what a finger stays on.
    target.draggable = event.pointerType === "mouse";
    start = [event.clientX, event.clientY];
    stop();
    timer = setTimeout(() => {
      isLong = true;
      choose(null);
      openPlayer(spot);
    }, PRESS_MS);
  });
  target.addEventListener("pointermove", (event) => {
    if (start && Math.hypot(event.clientX - start[0], event.clientY - start[1]) > 10) stop();
  });
  for (const name of ["pointerup", "pointercancel", "pointerleave", "dragstart"]) target.addEventListener(name, stop);
  target.addEventListener("contextmenu", (event) => (isLong || !target.draggable) && event.preventDefault());
  target.addEventListener("click", () => {
    if (!isLong) press(spot);
    isLong = false;
  });
};

const listenTo = (spot) => {
  const target = button(spot);
  listenToLongPress(spot);
  target.addEventListener("dragstart", (event) => {
    choose(spot);
    event.dataTransfer.setData("text/plain", spot.dataset.player);
  });
  target.addEventListener("dragend", () => chosen === spot && choose(null));
  target.addEventListener("dragover", (event) => {
    if (chosen && chosen !== spot && !whyNot(chosen, spot)) event.preventDefault();
  });
  target.addEventListener("drop", (event) => {
    event.preventDefault();
    if (chosen && chosen !== spot) press(spot);
  });
};

const listenToKeys = () => {
  form.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey) && !event.shiftKey && states.before) {
      event.preventDefault();
      undo();
    } else if (event.key === "Escape" && chosen) {
      const target = button(chosen);
      choose(null);
      target.focus();
    } else if (event.key.startsWith("Arrow") && event.target.matches(".spot__button")) {
      event.preventDefault();
      walk(event.target, event.key);
    }
  });
};

const listenToBar = () => {
  bar.addEventListener("click", (event) => {
    const act = event.target.closest("[data-do]")?.dataset.do;
    if (!act || !chosen) return;
    event.preventDefault();
    if (act === "cancel") choose(null);
    else if (act === "more") {
      const spot = chosen;
      choose(null);
      openPlayer(spot);
    } else if (act === "captain" || act === "vice") lead(act, chosen);
    else swap(chosen, neighbour(chosen, act));
  });
};

const switchViews = () => {
  const views = form.querySelector("[data-views]");
  views.hidden = false;
  views.addEventListener("click", (event) => {
    const link = event.target.closest("[data-view]");
    if (!link) return;
    event.preventDefault();
    form.classList.toggle("lineup--list", link.dataset.view === "list");
    document.cookie = `lineup_view=${link.dataset.view}; path=/; max-age=31536000; samesite=lax`;
    for (const other of views.children) {
      if (other === link) other.setAttribute("aria-current", "true");
      else other.removeAttribute("aria-current");
    }
  });
};

const listenToToast = () => {
  toast.querySelector("[data-undo]").addEventListener("click", undo);
  toast.querySelector("[data-toast-close]").addEventListener("click", hideToast);
  for (const name of ["pointerenter", "focusin"]) toast.addEventListener(name, () => clearTimeout(toastTimer));
  for (const name of ["pointerleave", "focusout"]) toast.addEventListener(name, waitToHide);
};

// What was sent is how things stand; what was changed since is still to be saved.
const isSaved = (sent) => {
  if (JSON.stringify(sent) !== JSON.stringify(body())) {
    // What stands there now was changed while that was on its way.
    states.saved = { fields: {} };
    changes = Math.max(1, changes);
    save.tellDirty(changes);
    return;
  }
  states.saved = states.now;
  changes = 0;
};

const goOnWaiting = () => {
  const held = save.waiting();
  const isNext = held.body.round === Number(form.elements.round.value);
  if (isNext) wear(held.body);
  states.now = snapshot();
  changes = held.changes;
  if (!isNext || !save.isOutdated()) save.send();
  // Saved since, on another device or as this very choice whose answer was lost: nothing is undone unasked.
  else if (isSame(states.now, states.saved)) showState();
  else save.ask();
};

const goOnChoosing = ({ fields, order }) => {
  const playing = spots.filter((spot) => fields[field(spot).name] === PLAYS);
  if (playing.length !== Number(form.dataset.size)) return;
  restore({ fields, order });
  states.now = snapshot();
  changes = 1;
  showState();
};

const listenToForm = () => {
  form.addEventListener("change", () => {
    choose(null);
    draw();
    changed(words.changed);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save.push(changes);
  });
  // What nobody has said to save is not put in line by a network that goes.
  addEventListener("offline", () => save.isAsking() || showState());
};

const start = () => {
  save = saving({ form, words, body, say, saved: isSaved });
  spots.forEach(listenTo);
  listenToKeys();
  listenToBar();
  listenToSheet();
  listenToToast();
  switchViews();
  form.classList.add("is-live");
  // A browser that comes back keeps what was chosen before.
  const chosenBefore = snapshot();
  form.reset();
  draw();
  states.saved = states.now = snapshot();
  listenToForm();
  if (save.waiting()) goOnWaiting();
  else if (!isSame(chosenBefore, states.saved)) goOnChoosing(chosenBefore);
};

if (form) start();
