// Entry of every page: look, zone, small comforts. Loads the live part where a page asks for it.
import { localise, zoneOfBrowser } from "./moments.js";

const root = document.documentElement;
const YEAR_S = 31536000;

const remember = (name, value) => {
  document.cookie = `${name}=${value}; path=/; max-age=${YEAR_S}; samesite=lax`;
};

const remembered = (name) =>
  document.cookie
    .split("; ")
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(name.length + 1);

const useZone = () => {
  const zone = zoneOfBrowser();
  const known = remembered("tz") ?? "";
  if (!zone || zone === known || "zoneFixed" in root.dataset) return;
  remember("tz", zone);
  if (zone === root.dataset.zone) return;
  const isDayList = document.querySelector("[data-day]") !== null;
  if (isDayList && remembered("tz") === zone) {
    // The server cut the day in another zone: other matches belong on this page.
    location.reload();
    return;
  }
  root.dataset.zone = zone;
  localise(document);
  for (const place of document.querySelectorAll("[data-zone-name]")) place.textContent = zone;
};

const switchLook = () => {
  const form = document.querySelector("[data-theme-switch]");
  form?.addEventListener("submit", (event) => {
    const look = event.submitter?.value;
    if (!look) return;
    event.preventDefault();
    remember("theme", look);
    root.dataset.theme = look;
    form.querySelector(look === "dark" ? ".to-light" : ".to-dark")?.focus();
  });
};

const submitOnChange = () => {
  for (const form of document.querySelectorAll("[data-auto-submit]")) {
    form.querySelector("button")?.setAttribute("hidden", "");
    form.addEventListener("change", () => form.requestSubmit());
  }
};

const keepTabInView = () => {
  for (const tab of document.querySelectorAll(".tabs [aria-current], .chips [aria-current]")) {
    const strip = tab.parentElement.getBoundingClientRect();
    const box = tab.getBoundingClientRect();
    tab.parentElement.scrollLeft += box.left + box.width / 2 - (strip.left + strip.width / 2);
  }
};

useZone();
switchLook();
submitOnChange();
keepTabInView();

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-strip]")) import("./strip.js").then(({ jumpFrom }) => jumpFrom(event));
});

const place = document.querySelector("[data-live-topics]");
if (place) import("./live-page.js").then(({ follow }) => follow(place));
