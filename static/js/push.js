// Lets this browser take push messages, or none: subscribes it and tells the server.
const place = document.querySelector("[data-push]");
const state = place.querySelector("[data-push-state]");
const on = place.querySelector("[data-push-on]");
const off = place.querySelector("[data-push-off]");

const raw = (text) => {
  const padded = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(padded), (sign) => sign.charCodeAt(0));
};

const ask = async (method, url, body) => {
  const answer = await fetch(url, {
    method,
    headers: { "Content-Type": "application/json", "X-CSRFToken": place.dataset.csrf },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`answered ${answer.status}`);
  return answer.status === 204 ? null : answer.json();
};

const show = (word, isOn) => {
  state.textContent = place.dataset[word];
  on.hidden = isOn !== false;
  off.hidden = isOn !== true;
};

// A subscription of another key is of no use to us: the server's key has changed.
const isOurs = (subscription) => {
  const key = subscription.options.applicationServerKey;
  const ours = raw(place.dataset.key);
  return key !== null && new Uint8Array(key).every((byte, index) => byte === ours[index]);
};

const nameOf = () => {
  const brands = navigator.userAgentData?.brands.map((one) => one.brand) ?? [];
  const brand = brands.find((one) => !/not|chromium/i.test(one)) ?? /Firefox|Safari/.exec(navigator.userAgent)?.[0];
  return [brand ?? "Browser", navigator.userAgentData?.platform ?? navigator.platform].filter(Boolean).join(", ");
};

// The same browser twice is one device: this tells its id, too.
const register = (subscription) => {
  const { endpoint, keys } = subscription.toJSON();
  return ask("POST", place.dataset.devices, {
    endpoint,
    keys: { p256dh: keys.p256dh, auth: keys.auth },
    name: nameOf(),
  });
};

const subscribe = async (registration) => {
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: raw(place.dataset.key),
  });
  await register(subscription);
  show("on", true);
};

const unsubscribe = async (subscription) => {
  const { id } = await register(subscription);
  await ask("DELETE", `${place.dataset.devices}/${id}`);
  await subscription.unsubscribe();
};

const attempt = async (act, isOn) => {
  try {
    await act();
  } catch {
    show(Notification.permission === "denied" ? "blocked" : "failed", isOn);
  }
};

const begin = async () => {
  if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) {
    show("missing", null);
    return;
  }
  const registration = await navigator.serviceWorker.register(place.dataset.worker);
  const held = await registration.pushManager.getSubscription();
  if (held && !isOurs(held)) {
    await held.unsubscribe();
    await attempt(() => subscribe(registration), false);
  } else if (held) show("on", true);
  else show(Notification.permission === "denied" ? "blocked" : "off", false);
  on.addEventListener("click", () => attempt(() => subscribe(registration), false));
  off.addEventListener("click", () =>
    attempt(async () => {
      const subscription = await registration.pushManager.getSubscription();
      if (subscription) await unsubscribe(subscription);
      show("off", false);
    }, true),
  );
};

begin().catch(() => show("failed", null));
