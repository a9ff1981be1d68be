// Jobs of many orders, each order's one after another, done by graphile-worker: `queueName` is the order.
//
//     node drain.js postgres://…  [--orders N] [--each N] [--concurrent N] [--post URL [--bodies FILE]] [--plain]
//
// It adds `--each` jobs for each of `--orders` orders, then times their draining, and prints one JSON line. A job does nothing,
// or with `--post` one POST over a kept connection: of its payload, or of its order's line of `--bodies`. Of every order no two
// jobs may run at once and each must come in its turn: how often that was not so is in the line. `--plain` leaves out the
// batches that the library recommends for speed (`localQueue`, `completeJobBatchDelay`). With them, releases before 0.18 ran an
// order's jobs at once.

import fs from 'node:fs';
import http from 'node:http';
import { parseArgs } from 'node:util';

import { Logger, makeWorkerUtils, run } from 'graphile-worker';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    orders: { type: 'string', default: '500' },
    each: { type: 'string', default: '4' },
    concurrent: { type: 'string', default: '64' },
    post: { type: 'string' },
    bodies: { type: 'string' },
    plain: { type: 'boolean', default: false },
  },
});
const [connectionString] = positionals;
const [orders, each, concurrent] = [values.orders, values.each, values.concurrent].map(Number);
const logger = new Logger(() => (level, message) => {
  if (level === 'error' || level === 'warning') console.error(message);
});

const bodies = values.bodies && fs.readFileSync(values.bodies, 'utf8').split('\n');
const agent = new http.Agent({ keepAlive: true, maxSockets: concurrent });
const post = (payload) =>
  new Promise((resolve, reject) => {
    const body = bodies ? bodies[payload.order] : JSON.stringify(payload);
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = http.request(values.post, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => (answer.statusCode === 200 ? resolve() : reject(new Error(`status ${answer.statusCode}`))));
    });
    request.on('error', reject);
    request.end(body);
  });

const next = new Array(orders).fill(0);
const running = new Set();
let [done, overlaps, misordered] = [0, 0, 0];
let finished;
const drained = new Promise((resolve) => (finished = resolve));
async function push(payload) {
  const { order, turn } = payload;
  if (running.has(order)) overlaps += 1;
  running.add(order);
  if (next[order] !== turn) misordered += 1;
  next[order] = turn + 1;
  if (values.post) await post(payload);
  running.delete(order);
  done += 1;
  if (done === orders * each) finished();
}

const utils = await makeWorkerUtils({ connectionString, logger });
await utils.migrate();
const added = performance.now();
// In the order in which webhooks come: the first of every order, then the second.
for (let turn = 0; turn < each; turn += 1) {
  for (let first = 0; first < orders; first += 1000) {
    const some = Array.from({ length: Math.min(1000, orders - first) }, (_, at) => first + at);
    await utils.addJobs(some.map((order) => ({ identifier: 'push', payload: { order, turn }, queueName: `order-${order}` })));
  }
}
const adding = (performance.now() - added) / 1000;

const started = performance.now();
const batches = values.plain ? {} : { localQueue: { size: concurrent * 2 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 };
const runner = await run({
  taskList: { push },
  preset: { worker: { connectionString, concurrentJobs: concurrent, maxPoolSize: concurrent + 1, logger, ...batches } },
  noHandleSignals: true,
});
await drained;
const seconds = (performance.now() - started) / 1000;
await runner.stop();
await utils.release();
agent.destroy();
console.log(
  JSON.stringify({
    orders,
    jobs: done,
    concurrent,
    jobs_per_s: Math.round(done / seconds),
    orders_per_s: Math.round(orders / seconds),
    added_per_s: Math.round(done / adding),
    overlaps,
    misordered,
  }),
);
