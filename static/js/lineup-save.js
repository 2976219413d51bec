// Saves the line-up in place. What cannot be sent waits in the browser, with the key it was first sent
// with, and is sent once there is a way; the page says at any time what is saved and what is not. All
// tabs share what waits: the newest choice is the one that is sent.
const root = document.documentElement;
const RETRY_MS = 5000;
// Sent again with the same key it is done once, so nobody need wait for a request that hangs.
const ANSWER_WITHIN_MS = 30000;

const timeOf = (moment) =>
  new Intl.DateTimeFormat(root.lang || "en", {
    timeZone: root.dataset.zone || "UTC",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(new Date(moment));

const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// The browser's memory, or that of the page where the browser has none.
const shelf = (name) => {
  let held = null;
  let isKept = true;
  return {
    read: () => {
      if (!isKept) return held;
      try {
        return JSON.parse(localStorage.getItem(name));
      } catch {
        return held;
      }
    },
    write: (value) => {
      held = value;
      try {
        if (value) localStorage.setItem(name, JSON.stringify(value));
        else localStorage.removeItem(name);
      } catch {
        // Nothing is kept beyond the page then.
        isKept = false;
      }
    },
  };
};

export const saving = ({ form, words, body, say, saved }) => {
  const name = `lineup:${form.dataset.entry}`;
  const kept = shelf(name);
  const place = form.querySelector("[data-waits]");
  let waiting = kept.read();
  let isSending = false;
  let timer = 0;
  let said = "";
  let isAsking = false;
  let asked = null;

  const tell = (text, kind = "") => {
    place.hidden = !text;
    place.dataset.kind = kind;
    place.querySelector("[data-waits-text]").textContent = text;
  };

  // Said once, however often it is tried again in vain.
  const announce = (text, kind) => {
    const isNew = text !== said;
    said = text;
    tell(text, kind);
    if (isNew) say(text);
  };

  const counted = (name, count) => (words[count === 1 ? `${name}_1` : name] ?? "").replace("{n}", count);

  // The newest receipt that this page knows of.
  const savedAs = () => Number(form.dataset.receipt);

  // Something of this tab waits no more; what another tab has put in its place does.
  const settle = (item) => {
    if (!item || waiting !== item) return;
    waiting = null;
    forget(item);
  };

  const forget = (item) => {
    if (kept.read()?.key === item?.key) kept.write(null);
  };

  const giveWay = () => {
    waiting = null;
    announce(words.elsewhere, "warn");
  };

  const later = (seconds) => {
    clearTimeout(timer);
    timer = setTimeout(send, seconds ? seconds * 1000 : RETRY_MS);
  };

  const done = ({ receipt }) => {
    const line = form.querySelector("#saved");
    line.querySelector("time").dateTime = receipt.saved_at;
    line.querySelector("time").textContent = timeOf(receipt.saved_at);
    line.querySelector("a").href = form.dataset.receipts.replace(/0\/$/, `${receipt.sequence}/`);
    line.hidden = false;
    form.dataset.receipt = receipt.sequence;
    form.querySelector("[data-unsaved]")?.remove();
    tell("");
    say(line.textContent.trim().replace(/\s+/g, " "));
  };

  const reasons = (answer, told) => {
    const details = (told?.errors ?? []).map((error) => error.detail).filter(Boolean);
    return details.join(" ") || told?.detail || told?.title || String(answer.status);
  };

  const heard = (answer, told, item) => {
    if (answer.ok) {
      said = "";
      settle(item);
      done(told);
      // What was chosen meanwhile was chosen upon this.
      if (waiting) {
        waiting.since = savedAs();
        if (kept.read()?.key === waiting.key) kept.write(waiting);
        send();
      } else saved(item.body);
    } else if (answer.status === 409 || answer.status === 429 || answer.status >= 500) {
      announce(counted("busy", item.changes), "warn");
      later(Number(answer.headers.get("Retry-After")));
    } else if (answer.status === 401 || answer.status === 403) {
      // He may log in elsewhere; the next visit of this page sends it.
      announce(words.logged_out, "bad");
    } else if (told?.errors?.some(({ code }) => code === "overtaken")) {
      // It waits for somebody who looks at it, here or where this page is opened next.
      waiting = null;
      asked = item;
      isAsking = true;
      announce(words.overtaken, "warn");
    } else {
      settle(item);
      announce(words.refused.replace("{reason}", reasons(answer, told)), "bad");
    }
  };

  const send = async () => {
    clearTimeout(timer);
    if (!waiting || isSending) return;
    if (kept.read()?.key !== waiting.key) {
      giveWay();
      return;
    }
    if (!navigator.onLine) {
      announce(counted("offline", waiting.changes), "warn");
      // Not every browser tells when there is a network again.
      later(0);
      return;
    }
    const item = waiting;
    isSending = true;
    if (!said) tell(words.sending);
    const headers = {
      Accept: "application/json",
      "Content-Type": "application/json",
      "Idempotency-Key": item.key,
      "X-CSRFToken": form.elements.csrfmiddlewaretoken.value,
    };
    const signal = AbortSignal.timeout?.(ANSWER_WITHIN_MS);
    const choice = item.since === null ? item.body : { ...item.body, after_receipt: item.since };
    const options = { method: "PUT", headers, body: JSON.stringify(choice), signal };
    const answer = await fetch(form.dataset.api, options).catch(() => null);
    const told = await answer?.json().catch(() => null);
    isSending = false;
    // Without a receipt nothing is saved: the answer broke off, or came from something in between.
    if (answer && (told?.receipt || !answer.ok)) heard(answer, told, item);
    else {
      announce(counted("unreachable", item.changes), "warn");
      later(0);
    }
  };

  const push = (changes) => {
    said = "";
    // Whoever was told of another choice and saves has his own.
    const since = isAsking ? null : savedAs();
    isAsking = false;
    waiting = { key: newKey(), body: body(), changes: Math.max(1, changes), since };
    kept.write(waiting);
    send();
  };

  addEventListener("online", send);
  addEventListener("storage", (event) => event.key === name && send());
  document.addEventListener("visibilitychange", () => document.hidden || send());

  return {
    push,
    send,
    waiting: () => waiting,
    isOutdated: () => waiting.since !== savedAs(),
    drop: () => {
      settle(waiting);
      forget(asked);
      tell("");
    },
    ask: () => {
      isAsking = true;
      settle(waiting);
      announce(words.overtaken, "warn");
    },
    isAsking: () => isAsking,
    tellDirty: (changes) => tell(changes ? counted("dirty", changes) : "", "warn"),
  };
};
