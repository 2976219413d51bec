{% load static %}// Shows push messages while no page is open. Takes no other request.
const ICON = "{% static 'img/favicon.svg' %}";
const STOP = "{% url 'notifications:stop' %}";

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => {
  const told = event.data?.json() ?? {};
  event.waitUntil(
    self.registration.showNotification(told.title ?? "VEZEPySports", {
      body: told.body,
      tag: told.tag,
      // A correction has to be noticed, too.
      renotify: Boolean(told.tag),
      icon: ICON,
      data: { url: told.url ?? "/", stop: told.stop },
      actions: told.stop ? [{ action: "stop", title: "Stop these" }] : [],
    }),
  );
});

const open = async (url) => {
  const pages = await self.clients.matchAll({ type: "window" });
  const page = pages.find((one) => new URL(one.url).pathname === url);
  return page ? page.focus() : self.clients.openWindow(url);
};

self.addEventListener("notificationclick", (event) => {
  const { url, stop } = event.notification.data;
  event.notification.close();
  if (event.action === "stop") {
    event.waitUntil(fetch(STOP, { method: "POST", body: new URLSearchParams({ token: stop }) }));
    return;
  }
  event.waitUntil(open(url));
});
