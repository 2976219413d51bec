// Moments in the viewer's zone, as the server prints them; fragments of live updates come in UTC.
const root = document.documentElement;

export const zoneOfBrowser = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

const parts = (at, options) =>
  new Intl.DateTimeFormat(root.lang || "en", { timeZone: root.dataset.zone || "UTC", ...options }).format(at);

const dayNumber = (at) => {
  const [year, month, day] = new Intl.DateTimeFormat("en-CA", { timeZone: root.dataset.zone || "UTC" })
    .format(at)
    .split("-");
  return Date.UTC(year, month - 1, day) / 86400000;
};

const dayName = (at) => {
  const distance = dayNumber(at) - dayNumber(new Date());
  if (Math.abs(distance) <= 1) {
    const name = new Intl.RelativeTimeFormat(root.lang || "en", { numeric: "auto" }).format(distance, "day");
    return name.charAt(0).toLocaleUpperCase(root.lang || "en") + name.slice(1);
  }
  const weekday = parts(at, { weekday: "short" });
  return `${weekday} ${parts(at, { day: "numeric" })} ${parts(at, { month: "short" })}`;
};

const unit = (number, name) =>
  new Intl.NumberFormat(root.lang || "en", { style: "unit", unit: name, unitDisplay: "short" }).format(number);

// By what was left when the page came: the device's own clock may be wrong.
const endOf = (place) => Number((place.dataset.ends ??= Date.now() + Number(place.dataset.left)));

const timeLeft = (place) => {
  const minutes = Math.max(0, Math.floor((endOf(place) - Date.now()) / 60000));
  const told = [
    [Math.floor(minutes / 1440), "day"],
    [minutes < 7200 ? Math.floor((minutes % 1440) / 60) : 0, "hour"],
    [minutes < 1440 ? minutes % 60 : 0, "minute"],
  ].filter(([number]) => number);
  return told.map(([number, name]) => unit(number, name)).join(" ") || unit(0, "minute");
};

const words = (at, style) => {
  const time = parts(at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  if (style === "day") return dayName(at);
  return style === "both" ? `${dayName(at)}, ${time}` : time;
};

// What is left until a moment shrinks while the page is open.
export const countDown = () => {
  const places = document.querySelectorAll('time[data-style="left"]');
  if (!places.length) return;
  places.forEach(endOf);
  setInterval(() => {
    for (const place of places) {
      const text = timeLeft(place);
      if (text !== place.textContent) place.textContent = text;
      if (endOf(place) > Date.now()) continue;
      const next = place.parentElement.parentElement.querySelector("[data-passed]");
      if (!next?.hidden) continue;
      next.hidden = false;
      place.parentElement.hidden = true;
    }
  }, 5000);
};

export const localise = (part) => {
  for (const element of part.querySelectorAll("time[data-style]")) {
    const { style } = element.dataset;
    element.textContent = style === "left" ? timeLeft(element) : words(new Date(element.dateTime), style);
  }
};
