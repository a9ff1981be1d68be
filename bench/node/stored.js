// The ids of all webhooks that the peer keeps, one a line, read after the peer was killed: `node stored.js URL`.

import { open } from './store.js';

const store = await open(process.argv[2]);
process.stdout.write((await store.ids()).join('\n'));
await store.close();
