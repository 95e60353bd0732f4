import pg from 'pg';
import { CountersignError, messageOf } from '../errors.ts';
import { withoutUrl } from '../sources/postgres.ts';
import { type Ledger, outOfReach, type Use, type Used, whyNotUsable } from './ledger.ts';

const connectTimeoutMs = 10_000;
const statementTimeoutMs = 30_000;
/** Any number will do, as long as every deployer takes the same. */
const lockKey = 7_316_042_901;

const createTable = `CREATE TABLE IF NOT EXISTS countersign_ledger (
  nonce text PRIMARY KEY,
  gate text NOT NULL,
  environment text NOT NULL,
  run text NOT NULL,
  report text NOT NULL UNIQUE,
  git_commit text,
  frozen_at timestamptz NOT NULL,
  used_at timestamptz NOT NULL
)`;

interface Row {
  nonce: string;
  gate: string;
  environment: string;
  run: string;
  report: string;
  git_commit: string | null;
  frozen_at: Date;
  used_at: Date;
}

/** One table, made where it is missing; a lock of the server puts deployers in a row, and the nonce is unique. */
export function postgresLedger(url: string): Ledger {
  const shown = shownUrl(url);
  const within = <T>(work: (client: pg.Client) => Promise<T>) => inTransaction(url, shown, work);
  return {
    shown,
    newest: (gate, environment, but) => within((client) => newestOf(client, gate, environment, but)),
    look: (use, now) => within((client) => judge(client, use, now)),
    record: (use, now) =>
      within(async (client) => {
        const reason = await judge(client, use, now);
        if (reason !== undefined) return reason;
        const { commit = null } = use;
        await client.query(
          `INSERT INTO countersign_ledger (nonce, gate, environment, run, report, git_commit, frozen_at, used_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
          [
            use.nonce,
            use.gate,
            use.environment,
            use.run,
            use.report,
            commit,
            use.frozen_at,
            now.toISOString(),
          ],
        );
        return undefined;
      }),
  };
}

async function judge(client: pg.Client, use: Use, now: Date): Promise<string | undefined> {
  const { rows } = await client.query<Row>(
    'SELECT * FROM countersign_ledger WHERE nonce = $1 OR report = $2',
    [use.nonce, use.report],
  );
  const same = rows[0] && usedOf(rows[0]);
  return whyNotUsable(use, { same, newest: await newestOf(client, use.gate, use.environment) }, now);
}

async function newestOf(
  client: pg.Client,
  gate: string,
  environment: string,
  but?: string,
): Promise<Used | undefined> {
  const { rows } = await client.query<Row>(
    `SELECT * FROM countersign_ledger WHERE gate = $1 AND environment = $2
     AND ($3::text IS NULL OR git_commit IS DISTINCT FROM $3)
     ORDER BY frozen_at DESC, used_at DESC LIMIT 1`,
    [gate, environment, but],
  );
  return rows[0] && usedOf(rows[0]);
}

function usedOf({ git_commit, frozen_at, used_at, ...row }: Row): Used {
  return {
    ...row,
    ...(git_commit === null ? {} : { commit: git_commit }),
    frozen_at: frozen_at.toISOString(),
    used_at: used_at.toISOString(),
  };
}

/** All of it or nothing, and one deployer after the other: the table, too, is made by one of them only. */
async function inTransaction<T>(
  url: string,
  shown: string,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'countersign',
    connectionTimeoutMillis: connectTimeoutMs,
    statement_timeout: statementTimeoutMs,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [lockKey]);
    await client.query(createTable);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (thrown) {
    if (thrown instanceof CountersignError) throw thrown;
    throw outOfReach(shown, withoutUrl(messageOf(thrown), url));
  } finally {
    await client.end().catch(() => {});
  }
}

function shownUrl(url: string): string {
  if (!URL.canParse(url)) throw new CountersignError('USAGE', 'the URL of the ledger is not postgres://…');
  const { host, pathname } = new URL(url);
  return `postgres://${host}${pathname}`;
}
