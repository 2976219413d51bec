// Runs the page's socket module outside a browser and prints what it tells the page.
import { readFileSync } from "node:fs";

globalThis.location = { origin: `http://127.0.0.1:${process.argv[3]}` };
globalThis.addEventListener = () => {};
globalThis.removeEventListener = () => {};
const source = readFileSync(process.argv[2], "utf8");
const { connectLive } = await import("data:text/javascript," + encodeURIComponent(source));
const tell = (...words) => process.stdout.write(JSON.stringify(words) + "\n");
const live = connectLive({
  topics: process.argv.slice(4),
  onSnapshot: (topic, state) => tell("snapshot", topic, state),
  onFrame: (topic, frame) => tell("frame", topic, frame.seq),
  onStatus: (status) => tell("status", status),
  onError: (error) => tell("error", error.code),
});
process.stdin.on("data", () => live.close());
process.stdin.on("end", () => process.exit());
