// Node `ws`: every message of a Redis channel goes, as it is, to every client.
import { createRequire } from "node:module";
import net from "node:net";

const { port, modules, redis, channel } = JSON.parse(process.env.VEZE_BENCH_PEER);
const { WebSocketServer, WebSocket } = createRequire(modules + "/")("ws");
const server = new WebSocketServer({ port, host: "127.0.0.1", perMessageDeflate: false, backlog: 2048 });
server.on("connection", (client) => client.send('{"type":"ready"}'));

const broadcast = (text) => {
  for (const client of server.clients) {
    if (client.readyState === WebSocket.OPEN) client.send(text, { binary: false });
  }
};

const commands = [["SUBSCRIBE", channel]];
if (redis.password) commands.unshift(["AUTH", redis.password]);
const connection = net.connect(redis.path ? { path: redis.path } : { host: redis.host, port: redis.port });
const encode = (words) => `*${words.length}\r\n` + words.map((w) => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join("");
connection.write(commands.map(encode).join(""));

// Answers are arrays of bulk strings and integers: enough of RESP for a subscriber.
let held = Buffer.alloc(0);
const line = (at) => {
  const end = held.indexOf("\r\n", at);
  return end < 0 ? null : [held.toString("latin1", at, end), end + 2];
};
const parse = (at) => {
  const first = line(at);
  if (first === null) return null;
  const [head, next] = first;
  if (head[0] !== "*") return [null, next];
  const items = [];
  let place = next;
  for (let i = 0; i < Number(head.slice(1)); i++) {
    const item = line(place);
    if (item === null) return null;
    if (item[0][0] === ":") {
      items.push(null);
      place = item[1];
      continue;
    }
    const end = item[1] + Number(item[0].slice(1));
    if (held.length < end + 2) return null;
    items.push(held.subarray(item[1], end));
    place = end + 2;
  }
  return [items, place];
};
connection.on("data", (chunk) => {
  held = held.length ? Buffer.concat([held, chunk]) : chunk;
  let at = 0;
  for (let found = parse(at); found !== null; found = parse(at)) {
    if (found[0] && found[0][0].toString() === "message") broadcast(found[0][2]);
    at = found[1];
    if (at >= held.length) break;
  }
  held = held.subarray(at);
});
