// The live protocol: connectLive({ topics, onSnapshot, onFrame, onStatus, onError }).close()
// onSnapshot(topic, state) and onFrame(topic, frame) come in order and without a gap.
// onStatus("open" | "waiting" | "closed"): poll unless open.

const SILENCE_MS = 60_000;
const RIGHTS_LOST = 4401;

export const connectLive = (options) => new LiveSocket(options);

class LiveSocket {
  #places = new Map();
  #asked = new Set(); // no answer yet
  #failures = 0;
  #timer = 0;
  #watch = 0;
  #socket = null;

  constructor(options) {
    const none = () => {};
    Object.assign(this, { onSnapshot: none, onFrame: none, onStatus: none, onError: none }, options);
    addEventListener("online", this.#hurry);
    this.#connect();
  }

  close() {
    removeEventListener("online", this.#hurry);
    clearTimeout(this.#timer);
    this.#leave();
    this.onStatus("closed");
  }

  #hurry = () => {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#connect();
  };

  #connect() {
    this.#timer = 0;
    const socket = (this.#socket = new WebSocket(this.url ?? location.origin.replace("http", "ws") + "/ws/live"));
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = socket.onerror = ({ code }) => this.#again(code);
    this.#listen();
  }

  #leave() {
    clearTimeout(this.#watch);
    if (!this.#socket) return;
    this.#socket.onmessage = this.#socket.onclose = this.#socket.onerror = null;
    this.#socket.close();
    this.#socket = null;
  }

  // A dead connection may not say so; pings come every 25 seconds.
  #listen() {
    clearTimeout(this.#watch);
    this.#watch = setTimeout(() => this.#again(), SILENCE_MS);
  }

  #again(code) {
    this.#leave();
    if (code === RIGHTS_LOST) return this.close();
    this.onStatus("waiting");
    const longest = Math.min(30_000, 500 * 2 ** this.#failures++);
    // Jitter, or all clients of a restarted server come back at once.
    this.#timer = setTimeout(() => this.#connect(), longest * (0.5 + Math.random() / 2));
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #ask(topics) {
    const resume = {};
    const wanted = topics.filter((topic) => !this.#asked.has(topic));
    for (const topic of wanted) {
      this.#asked.add(topic);
      const place = this.#places.get(topic);
      if (place?.epoch) resume[topic] = place;
    }
    if (wanted.length) this.#send({ type: "subscribe", topics: wanted, resume });
  }

  #take(message) {
    this.#listen();
    const { type, topic } = message;
    if (type === "hello") {
      this.#asked.clear();
      this.#ask(this.topics);
      this.onStatus("open");
    } else if (type === "snapshot") {
      this.#asked.delete(topic);
      this.#places.set(topic, { epoch: message.epoch, after: message.seq });
      this.onSnapshot(topic, message.state);
    } else if (type === "replay") {
      this.#asked.delete(topic);
      message.frames.forEach((frame) => this.#follow(frame));
    } else if (type === "ping") {
      this.#failures = 0;
      this.#send({ type: "pong" });
      this.#compare(message.heads);
    } else if (type === "error") {
      this.#asked.delete(topic);
      this.onError(message);
    } else this.#follow(message);
  }

  #follow(frame) {
    const { topic, epoch, seq } = frame;
    const place = this.#places.get(topic);
    if (!place || this.#asked.has(topic)) return;
    if (place.epoch === epoch && seq <= place.after) return;
    // A topic with an empty epoch had never been published.
    if (seq !== place.after + 1 || (place.epoch && place.epoch !== epoch)) return this.#ask([topic]);
    this.#places.set(topic, { epoch, after: seq });
    this.onFrame(topic, frame);
  }

  // A lost last frame shows in no gap, only in the heads.
  #compare(heads) {
    for (const [topic, { epoch, seq }] of Object.entries(heads)) {
      const place = this.#places.get(topic);
      if (place && (place.epoch !== epoch || place.after < seq)) this.#ask([topic]);
    }
  }
}
