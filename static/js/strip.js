// A tap on the momentum strip leads to that minute of the timeline.
const digits = (number) => String(Math.max(0, Math.round(number))).padStart(10, "0");

const orderAt = (strip, clientX) => {
  const box = strip.getBoundingClientRect();
  const x = ((clientX - box.left) / box.width) * strip.viewBox.baseVal.width;
  const bands = strip.dataset.strip.split(";").filter(Boolean).map((band) => band.split(",").map(Number));
  const [place, left, width, length] = bands.findLast((band) => x >= band[1]) ?? bands[0];
  return digits(place) + digits(1) + digits(((x - left) / width) * length);
};

export const jumpFrom = (event) => {
  const strip = event.target.closest("[data-strip]");
  const list = strip && document.querySelector("[data-list]");
  if (!list) return;
  const order = orderAt(strip, event.clientX);
  const items = [...list.children].filter((item) => item.dataset.order);
  const found = items.find((item) => item.dataset.order.slice(0, 30) <= order) ?? items.at(-1);
  if (!found) return;
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  found.scrollIntoView({ block: "center", behavior: isCalm ? "auto" : "smooth" });
  found.classList.add("moment--pointed");
  setTimeout(() => found.classList.remove("moment--pointed"), 1500);
};
