// Entry of every page: look, zone, small comforts. Loads the live part where a page asks for it.
import { countDown, localise, zoneOfBrowser } from "./moments.js";

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

const offerShare = () => {
  const canShare = "share" in navigator || "clipboard" in navigator;
  for (const button of document.querySelectorAll("[data-share]")) button.hidden = !canShare;
};

const share = async (button) => {
  const page = { title: button.dataset.share, url: location.href };
  try {
    if (navigator.share) {
      await navigator.share(page);
      return;
    }
    await navigator.clipboard.writeText(page.url);
    button.querySelector("[data-share-words]").textContent = button.dataset.shared;
    document.getElementById("say").textContent = button.dataset.shared;
  } catch {
    // Whoever closes the sheet, or forbids the clipboard, wants nothing shared.
  }
};

// Follows in place; every star of the same thing on the page turns along.
const follow = async (form, button) => {
  const body = new FormData(form, button);
  const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => null);
  if (answer?.type !== "opaqueredirect") {
    form.dataset.follow = "plain";
    form.requestSubmit(button);
    return;
  }
  const isOn = button.name === "follow";
  for (const star of document.querySelectorAll(`.follow__button[value="${CSS.escape(button.value)}"]`)) {
    star.name = isOn ? "unfollow" : "follow";
    star.setAttribute("aria-pressed", isOn);
  }
};

useZone();
switchLook();
offerShare();
submitOnChange();
keepTabInView();

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-strip]")) import("./strip.js").then(({ jumpFrom }) => jumpFrom(event));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-share]");
  if (button) share(button);
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches('[data-follow=""]') || !event.submitter) return;
  event.preventDefault();
  follow(event.target, event.submitter);
});

countDown();

const place = document.querySelector("[data-live-topics]");
const begun = [
  document.querySelector("[data-reveal]") && import("./reveal.js").then(({ offerReveal }) => offerReveal()),
  place && import("./live-page.js").then(({ follow }) => follow(place)),
];
// Tells those who drive the page that it answers from now on.
Promise.allSettled(begun).then(() => {
  root.dataset.begun = "";
});
