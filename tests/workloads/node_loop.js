// A node program that knows what it did: node node_loop.js FILE REQUESTS SLOW. See node_loop.py.
"use strict";
const fs = require("fs");
const net = require("net");
const { performance } = require("perf_hooks");

const [path, requests, slow] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])];
const APART = 4 << 20;
const COMPUTE_NS = 50_000_000;
const disk = fs.openSync(path, "r");
const block = Buffer.alloc(4096);
const truth = { read_ns: [], read_queued_ns: [], compute_ns: [], compute_cpu_ns: [] };
let counted = 0;

// Of this thread alone, which node itself cannot tell: what the scheduler counted up to its last tick.
function ranNs() {
  return Number(fs.readFileSync("/proc/thread-self/schedstat", "latin1").split(" ")[0]);
}

function queuedNs() {
  return Number(fs.readFileSync("/proc/thread-self/schedstat", "latin1").split(" ")[1]);
}

function computeAWhile() {
  const end = ranNs() + COMPUTE_NS;
  while (ranNs() < end) for (let i = 0; i < 1000000; i++) counted += i % 7;
}

function serve(what) {
  const since = process.hrtime.bigint();
  if (what === "r") {
    const queued = queuedNs();
    fs.readSync(disk, block, 0, block.length, APART * (1 + truth.read_ns.length));
    truth.read_ns.push(Number(process.hrtime.bigint() - since));
    truth.read_queued_ns.push(queuedNs() - queued);
  } else if (what === "c") {
    const ran = ranNs();
    computeAWhile();
    truth.compute_ns.push(Number(process.hrtime.bigint() - since));
    truth.compute_cpu_ns.push(ranNs() - ran);
  }
}

const asked = [..."n".repeat(requests), ..."rc".repeat(slow)];

const server = net.createServer((socket) => {
  socket.on("data", (data) => {
    serve(data.toString());
    socket.write(data);
  });
});

function ask(socket) {
  if (asked.length) return socket.write(asked.shift());
  truth.iterations = performance.nodeTiming.uvMetricsInfo.loopCount;
  fs.writeSync(1, JSON.stringify(truth) + "\n");
  process.reallyExit(0);
}

// The gate: before there is a loop.
fs.writeSync(1, JSON.stringify({ name: "node", pid: process.pid, tids: [process.pid] }) + "\n");
fs.readSync(0, Buffer.alloc(1));
server.listen(`\0node_loop.${process.pid}`, () => {
  const socket = net.connect(`\0node_loop.${process.pid}`, () => ask(socket));
  socket.on("data", () => ask(socket));
});
