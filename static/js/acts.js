// Small comforts of pages that act and answer with themselves: forms and links swap parts in place,
// pages marked so open as a sheet over the one they are on. Without this all of it are plain pages.
import { localise } from "./moments.js";

const say = (text) => {
  const place = document.getElementById("say");
  if (place) place.textContent = text;
};

const parse = (html) => new DOMParser().parseFromString(html, "text/html");

const swap = (fresh) => {
  const before = document.querySelector("[data-part] [data-say]")?.dataset.say;
  for (const part of document.querySelectorAll("[data-part]")) {
    const other = fresh.querySelector(`[data-part="${CSS.escape(part.dataset.part)}"]`);
    if (other) part.replaceWith(other);
  }
  const said = document.querySelector("[data-part] [data-say]")?.dataset.say;
  if (said && said !== before) say(said);
  document.querySelector(".refusals")?.remove();
  const refused = fresh.querySelector(".refusals");
  if (refused) {
    document.querySelector(".page-tabs").after(refused);
    say(refused.textContent.trim().replace(/\s+/g, " "));
    refused.scrollIntoView({ block: "center" });
  }
  localise(document);
};

// What had the focus is new now; it is known by its id, or by its words and by whose row it stands in.
const rowOf = (element) => element.closest("tr, li")?.querySelector("a[href]")?.getAttribute("href");
const keyOf = (element) =>
  element?.closest("[data-part]") && { id: element.id, words: element.textContent.trim(), row: rowOf(element) };

// A button that has done its work is gone: then who it was about has the focus, or the part where he is
// gone, too.
const refocus = (key, within) => {
  if (!key) return;
  const part = document.querySelector(`[data-part="${CSS.escape(within)}"]`);
  const ofRow = [...part.querySelectorAll("a, button")].filter((element) => rowOf(element) === key.row);
  const named = key.id && part.querySelector(`#${CSS.escape(key.id)}`);
  const same = named || ofRow.find((element) => element.textContent.trim() === key.words);
  const about = ofRow.find((element) => key.row && element.getAttribute("href") === key.row);
  if (!same && !about) part.tabIndex = -1;
  (same ?? about ?? part).focus({ preventScroll: true });
};

const loadNow = async (url, options) => {
  const active = document.activeElement;
  const [key, within] = [keyOf(active), active?.closest("[data-part]")?.dataset.part];
  const answer = await fetch(url, { headers: { Accept: "text/html" }, ...options });
  const fresh = parse(await answer.text());
  if (!fresh.querySelector("[data-part]")) throw new Error("another page");
  swap(fresh);
  history.replaceState(null, "", answer.url.split("#")[0]);
  refocus(key, within);
};

// One after the other: an answer that comes late must not undo what was asked for after it.
let last = Promise.resolve();
const load = (url, options) => {
  const turn = last.then(() => loadNow(url, options));
  last = turn.catch(() => {});
  return turn;
};

const act = (form, submitter) => {
  const body = new FormData(form, submitter);
  load(form.action || location.href, { method: "POST", body }).catch(() => {
    form.dataset.plain = "";
    form.requestSubmit(submitter);
  });
};

const filter = (form) => {
  const query = new URLSearchParams(new FormData(form));
  for (const [name, value] of [...query]) if (!value) query.delete(name);
  load(`${location.pathname}?${query}`, {}).catch(() => form.submit());
};

let sheets = 0;
const openSheet = async (link) => {
  const number = (sheets += 1);
  const page = parse(await (await fetch(link.href, { headers: { Accept: "text/html" } })).text());
  // Of several taps the last one opens a sheet.
  if (number !== sheets) return;
  const body = page.querySelector("[data-sheet-body]");
  if (!body) throw new Error("no sheet");
  const sheet = document.createElement("dialog");
  sheet.className = "sheet";
  sheet.dataset.from = link.href;
  const close = document.createElement("button");
  close.className = "icon-button sheet__close";
  close.textContent = "✕";
  close.setAttribute("aria-label", body.dataset.sheetBody);
  close.addEventListener("click", () => sheet.close());
  sheet.append(close, body);
  sheet.setAttribute("aria-labelledby", body.getAttribute("aria-labelledby"));
  sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  sheet.addEventListener("close", () => {
    sheet.remove();
    link.focus({ preventScroll: true });
  });
  document.body.append(sheet);
  localise(sheet);
  sheet.showModal();
  const live = sheet.querySelector("[data-live-topics]");
  if (live) import("./live-page.js").then(({ follow }) => follow(live));
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-act]:not([data-plain])")) {
    event.preventDefault();
    act(form, event.submitter);
  } else if (form.matches("[data-filters]")) {
    event.preventDefault();
    filter(form);
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-filters] select")) filter(event.target.form);
});

document.addEventListener("click", (event) => {
  if (event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = event.target.closest("a[data-go], a[data-sheet]");
  if (!link) return;
  event.preventDefault();
  const leave = () => location.assign(link.href);
  if ("sheet" in link.dataset) {
    openSheet(link).catch(leave);
    return;
  }
  load(link.href, {})
    .then(() => {
      const market = link.hash && document.querySelector(link.hash);
      const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      market?.scrollIntoView({ block: "start", behavior: isCalm ? "auto" : "smooth" });
    })
    .catch(leave);
});

export { openSheet };
