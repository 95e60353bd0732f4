import pg from 'pg';
import { unescaped } from '../config/percent.ts';
import { CountersignError, messageOf } from '../errors.ts';
import type { PostgresSource, TextResult, TextRow } from './define.ts';

export interface PostgresSettings {
  name: string;
  /** `postgres://…`; never shown. */
  url: string;
  signal?: AbortSignal;
  /** Milliseconds for one statement. Default 60,000. */
  statementTimeoutMs?: number;
}

const defaultMaxRows = 100_000;
const defaultStatementTimeoutMs = 60_000;
const connectTimeoutMs = 10_000;
const batchRows = 5_000;

/**
 * Every query runs through a cursor in a REPEATABLE READ, READ ONLY transaction: PostgreSQL itself then refuses
 * all that is not one SELECT, COPY TO PROGRAM included, and a result of any size is never held whole.
 */
export function createPostgres(settings: PostgresSettings): PostgresSource {
  return {
    name: settings.name,
    query: (sql, params = [], signal, maxRows = defaultMaxRows) =>
      inTransaction(settings, signal, (client) => collect(client, { sql, params, maxRows })),
    stream: (sql, params = [], signal) => stream(settings, { sql, params }, signal),
  };
}

interface Statement {
  sql: string;
  params: readonly unknown[];
}

async function collect(client: pg.Client, statement: Statement & { maxRows: number }): Promise<TextResult> {
  await declare(client, statement);
  const { maxRows } = statement;
  const result = await fetchRows(client, maxRows + 1);
  if (result.rows.length > maxRows) {
    throw new CountersignError('EVIDENCE_TOO_LARGE', `the query has more than ${maxRows} rows`, {
      hint: 'aggregate in the query; a cut result would be a wrong one',
    });
  }
  return { columns: await columnsOf(client, result), rows: rowsOf(result) };
}

async function* stream(
  settings: PostgresSettings,
  statement: Statement,
  signal: AbortSignal | undefined,
): AsyncGenerator<TextRow[]> {
  const session = await open(settings, signal);
  try {
    await begin(session.client, settings);
    await declare(session.client, statement);
    for (;;) {
      const rows = rowsOf(await fetchRows(session.client, batchRows));
      if (rows.length > 0) yield rows;
      if (rows.length < batchRows) return;
    }
  } catch (thrown) {
    throw session.explain(thrown);
  } finally {
    await session.close();
  }
}

async function inTransaction<T>(
  settings: PostgresSettings,
  signal: AbortSignal | undefined,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const session = await open(settings, signal);
  try {
    await begin(session.client, settings);
    return await work(session.client);
  } catch (thrown) {
    throw session.explain(thrown);
  } finally {
    await session.close();
  }
}

/** The same text for the same value, whatever the server or the role prefers. */
async function begin(client: pg.Client, { statementTimeoutMs }: PostgresSettings): Promise<void> {
  await client.query(
    `BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
     SET LOCAL statement_timeout TO ${Math.round(statementTimeoutMs ?? defaultStatementTimeoutMs)};
     SET LOCAL TimeZone TO 'UTC';
     SET LOCAL DateStyle TO 'ISO, YMD';
     SET LOCAL extra_float_digits TO 1`,
  );
}

/** The extended protocol, which the parameters or `queryMode` bring about, takes one statement and no more. */
async function declare(client: pg.Client, { sql, params }: Statement): Promise<void> {
  const text = `DECLARE countersign NO SCROLL CURSOR FOR ${sql.trim().replace(/;$/, '')}`;
  await client.query({ text, values: [...params], queryMode: 'extended' } as pg.QueryConfig);
}

type ArrayResult = pg.QueryArrayResult<(string | null)[]>;

function fetchRows(client: pg.Client, count: number): Promise<ArrayResult> {
  return client.query<(string | null)[]>({ text: `FETCH ${count} FROM countersign`, rowMode: 'array' });
}

function rowsOf({ fields, rows }: ArrayResult): TextRow[] {
  const names = fields.map((field) => field.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new CountersignError('SOURCE_ANSWER', `two columns of the query are called \`${twice}\``, {
      hint: 'name them apart with AS',
    });
  }
  return rows.map((row) => Object.fromEntries(row.map((value, index) => [names[index] ?? '', value])));
}

async function columnsOf(client: pg.Client, { fields }: ArrayResult): Promise<TextResult['columns']> {
  const oids = [...new Set(fields.map((field) => field.dataTypeID))];
  const { rows } = await client.query<{ oid: string; typname: string }>(
    'SELECT oid::text AS oid, typname::text AS typname FROM pg_catalog.pg_type WHERE oid = ANY($1::oid[])',
    [oids],
  );
  const types = new Map(rows.map((row) => [row.oid, row.typname]));
  return fields.map(({ name, dataTypeID }) => ({ name, type: types.get(String(dataTypeID)) ?? 'unknown' }));
}

interface Session {
  client: pg.Client;
  close(): Promise<void>;
  /** The error as people may see it: what PostgreSQL says, never how we connected. */
  explain(thrown: unknown): CountersignError;
}

async function open(settings: PostgresSettings, signal: AbortSignal | undefined): Promise<Session> {
  const stop = AbortSignal.any([settings.signal, signal].filter((each) => each !== undefined));
  const client = clientFor(settings);
  // A connection that breaks between two statements is reported by the next one.
  client.on('error', () => {});
  const abort = () => void cancel(settings, client);
  const session: Session = {
    client,
    async close() {
      stop.removeEventListener('abort', abort);
      if (!stop.aborted) await client.end().catch(() => {});
    },
    explain: (thrown) => explain(settings, stop, thrown),
  };
  if (stop.aborted) throw session.explain(stop.reason);
  stop.addEventListener('abort', abort, { once: true });
  try {
    await client.connect();
    return session;
  } catch (thrown) {
    await session.close();
    throw session.explain(thrown);
  }
}

function clientFor(settings: PostgresSettings): pg.Client {
  try {
    return new pg.Client({
      connectionString: settings.url,
      application_name: 'countersign',
      connectionTimeoutMillis: connectTimeoutMs,
      types: { getTypeParser: () => (text: string | Buffer) => String(text) },
    });
  } catch {
    throw new CountersignError(
      'CONFIG_INVALID',
      `the URL of source \`${settings.name}\` is not postgres://…`,
      { hint: 'in its user and password `@ : / ? # %` are percent-encoded' },
    );
  }
}

/** PostgreSQL itself must stop working, so it is told on a second connection before ours is dropped. */
async function cancel(settings: PostgresSettings, client: pg.Client): Promise<void> {
  const pid = (client as pg.Client & { processID?: number | null }).processID;
  void client.end().catch(() => {});
  if (!pid) return;
  const other = clientFor(settings);
  other.on('error', () => {});
  try {
    await other.connect();
    await other.query('SELECT pg_cancel_backend($1)', [pid]);
  } catch {
    // The server is gone, and with it the query.
  } finally {
    await other.end().catch(() => {});
  }
}

function explain(settings: PostgresSettings, stop: AbortSignal, thrown: unknown): CountersignError {
  const source = `PostgreSQL (source \`${settings.name}\`)`;
  if (thrown instanceof CountersignError) return thrown;
  if (stop.aborted) return new CountersignError('TIMED_OUT', `${source}: stopped before the query was done`);
  const message = withoutUrl(messageOf(thrown), settings.url);
  if (!(thrown instanceof pg.DatabaseError)) {
    return new CountersignError('SOURCE_UNREACHABLE', `${source} cannot be reached: ${message}`);
  }
  const code = thrown.code ?? '';
  if (code === '57014') return new CountersignError('TIMED_OUT', `${source}: ${message}`);
  const refusedUs = /^(08|28|3D|53|57)/.test(code);
  return refusedUs
    ? new CountersignError('SOURCE_UNREACHABLE', `${source} refuses: ${message}`)
    : new CountersignError('SOURCE_ANSWER', `${source} refuses the query: ${message} (${code})`, {
        hint: 'a query is one SELECT, WITH or VALUES; it can change nothing',
      });
}

/** Neither the URL nor its password may stand in a message. */
export function withoutUrl(message: string, url: string): string {
  const password = URL.canParse(url) ? new URL(url).password : '';
  const parts = [url, password, unescaped(password)].filter((part) => part.length >= 4);
  return parts.reduce((text, part) => text.replaceAll(part, '[redacted]'), message);
}
