// What a Shopify developer would write to take webhooks: express, the official library's check of the signature, one durable
// insert that knows a repeat by the webhook's id, then 200. It is measured beside Crossdock.
//
//     node ingest.js sqlite:FILE | postgres://…  [--batch] [--processes N]
//
// It listens on a free port of loopback and says so in its first line. The secret is in BENCH_SECRET. So that the peer is not a
// slow one: `--batch` writes whatever came in while the last write was on its way in one statement or transaction, which few do,
// and `--processes` has so many of it share the port.

import '@shopify/shopify-api/adapters/node';
import { ApiVersion, LogSeverity, shopifyApi } from '@shopify/shopify-api';
import express from 'express';
import cluster from 'node:cluster';
import { parseArgs } from 'node:util';

import { open } from './store.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { batch: { type: 'boolean', default: false }, processes: { type: 'string', default: '1' } },
});
const [url] = positionals;
const processes = Number(values.processes);
const shopify = shopifyApi({
  apiKey: 'bench',
  apiSecretKey: process.env.BENCH_SECRET,
  apiVersion: ApiVersion.July26,
  hostName: 'localhost',
  isEmbeddedApp: false,
  logger: { level: LogSeverity.Error },
});

/** Writes what waits with one call, and answers each; what comes in meanwhile is the next batch. */
function together(keepAll, most) {
  let waiting = [];
  let writing = false;
  const write = async () => {
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most);
      try {
        await keepAll(batch.map(({ delivery }) => delivery));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    writing = false;
  };
  return (delivery) =>
    new Promise((resolve, reject) => {
      waiting.push({ delivery, resolve, reject });
      if (!writing) {
        writing = true;
        setImmediate(write);
      }
    });
}

async function serve() {
  const store = await open(url);
  const keep = values.batch ? together(store.keepAll, 100) : store.keep;
  const app = express();
  app.disable('x-powered-by');
  app.post('/webhooks/:connection', express.text({ type: '*/*', limit: '2mb' }), async (req, res) => {
    const verdict = await shopify.webhooks.validate({ rawBody: req.body, rawRequest: req, rawResponse: res });
    if (!verdict.valid) {
      res.status(401).end();
      return;
    }
    const { webhookId, domain, topic, eventId, triggeredAt, apiVersion } = verdict;
    await keep({ webhookId, shop: domain, topic, eventId, triggeredAt, apiVersion, body: req.body });
    res.status(200).end();
  });
  const server = app.listen(0, '127.0.0.1', () => {
    if (cluster.isPrimary) say(server.address().port);
  });
}

const say = (port) => console.log(`127.0.0.1:${port}`);
if (cluster.isPrimary && processes > 1) {
  // The table is made once, before several would.
  await (await open(url)).close();
  let listening = 0;
  cluster.on('listening', (_, { port }) => {
    listening += 1;
    if (listening === processes) say(port);
  });
  for (let at = 0; at < processes; at += 1) cluster.fork();
} else {
  await serve();
}
