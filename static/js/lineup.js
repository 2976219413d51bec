// The own line-up on a pitch: choose a player, then a partner; or drag one on another. The form below
// holds what is chosen, and saving sends it, so the same works without this.
import { openSheet } from "./acts.js";

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
let chosen = null;

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

const changed = (text) => {
  form.querySelector("[data-dirty]").hidden = false;
  say(text);
};

const choose = (spot) => {
  chosen = spot;
  bar.hidden = !spot;
  help.textContent = usualHelp;
  if (spot) {
    bar.querySelector("[data-bar-name]").textContent = nameOf(spot);
    bar.querySelector('[data-do="details"]').href = button(spot).dataset.details;
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

const swap = (one, other) => {
  const wasPlaying = isPlaying(one);
  exchange(one, other);
  choose(null);
  draw();
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

const lead = (name) => {
  const other = name === "captain" ? "vice" : "captain";
  const [mine, before] = [chosen.dataset.player, form.elements[name].value];
  if (form.elements[other]?.value === mine) form.elements[other].value = before;
  form.elements[name].value = mine;
  const who = nameOf(chosen);
  const target = button(chosen);
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

const listenTo = (spot) => {
  const target = button(spot);
  target.addEventListener("click", () => press(spot));
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
    if (event.key === "Escape" && chosen) {
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
    else if (act === "details") {
      const link = bar.querySelector('[data-do="details"]');
      openSheet(link).catch(() => location.assign(link.href));
    } else if (act === "captain" || act === "vice") lead(act);
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

const start = () => {
  spots.forEach(listenTo);
  listenToKeys();
  listenToBar();
  switchViews();
  form.addEventListener("change", () => {
    choose(null);
    draw();
    form.querySelector("[data-dirty]").hidden = false;
  });
  form.classList.add("is-live");
  // A browser that comes back keeps what was chosen before.
  draw();
  if (spots.filter(isPlaying).length !== Number(form.dataset.size)) form.reset();
};

if (form) start();
