// Where the peer keeps webhooks: PostgreSQL by a pool of `pg`, or SQLite by better-sqlite3 in WAL with `synchronous = FULL`.
// Both have the same table, both are durable when a promise is kept, and both ignore what they have already.

import Database from 'better-sqlite3';
import pg from 'pg';

const COLUMNS = ['webhook_id', 'shop', 'topic', 'event_id', 'triggered_at', 'api_version', 'body'];

const values = (delivery) => [
  delivery.webhookId,
  delivery.shop,
  delivery.topic,
  delivery.eventId ?? null,
  delivery.triggeredAt ?? null,
  delivery.apiVersion,
  delivery.body,
];

/** Opens what the URL names, and makes the table where there is none. */
export async function open(url) {
  return url.startsWith('sqlite:') ? sqlite(url.slice('sqlite:'.length)) : postgres(url);
}

function sqlite(file) {
  const database = new Database(file);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec(`CREATE TABLE IF NOT EXISTS webhooks (
    id INTEGER PRIMARY KEY, webhook_id TEXT NOT NULL UNIQUE, shop TEXT NOT NULL, topic TEXT NOT NULL, event_id TEXT,
    triggered_at TEXT, api_version TEXT NOT NULL, body TEXT NOT NULL, received_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP)`);
  const insert = database.prepare(
    `INSERT INTO webhooks (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (webhook_id) DO NOTHING`,
  );
  const insertAll = database.transaction((deliveries) => {
    for (const delivery of deliveries) insert.run(values(delivery));
  });
  return {
    keep: async (delivery) => insert.run(values(delivery)),
    keepAll: async (deliveries) => insertAll(deliveries),
    ids: async () => database.prepare('SELECT webhook_id FROM webhooks').pluck().all(),
    close: async () => database.close(),
  };
}

async function postgres(url) {
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  await pool.query(`CREATE TABLE IF NOT EXISTS webhooks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, webhook_id text NOT NULL UNIQUE, shop text NOT NULL, topic text NOT NULL,
    event_id text, triggered_at timestamptz, api_version text NOT NULL, body text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now())`);
  const insert = `INSERT INTO webhooks (${COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (webhook_id) DO NOTHING`;
  const insertAll = `INSERT INTO webhooks (${COLUMNS})
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[])
    ON CONFLICT (webhook_id) DO NOTHING`;
  return {
    // A name makes it a prepared statement of each connection.
    keep: (delivery) => pool.query({ name: 'insert', text: insert, values: values(delivery) }),
    keepAll: (deliveries) => {
      const rows = deliveries.map(values);
      const columns = COLUMNS.map((_, at) => rows.map((row) => row[at]));
      return pool.query({ name: 'insert-all', text: insertAll, values: columns });
    },
    ids: async () => (await pool.query('SELECT webhook_id FROM webhooks')).rows.map((row) => row.webhook_id),
    close: () => pool.end(),
  };
}
