import { Pool, type PoolClient, type QueryResultRow } from 'pg';
import { ServiceError } from './errors.ts';
import { createPlaces, type Places } from './places.ts';

export type Row = QueryResultRow;

/** Parsed and planned once for each connection: for what many requests ask, since its text costs more than its work. */
export interface Prepared {
  name: string;
  text: string;
}

/** What a verb needs of the database; both the pool and one transaction offer it. */
export interface Queryable {
  query<T extends Row = Row>(
    statement: string | Prepared,
    values?: unknown[],
  ): Promise<{ rows: T[]; rowCount: number | null }>;
}

export interface Database extends Queryable {
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** The same pool, for who waits so long. */
  within(acquireTimeoutMs: number): Database;
  stats(): { total: number; idle: number; waiting: number };
  close(): Promise<void>;
}

/** Why somebody got no connection: too many wait already, none came free in time, or there is no server. */
export type PoolRefusal = 'full' | 'timeout' | 'unreachable';

export interface PoolObserver {
  waited(seconds: number): void;
  refused(reason: PoolRefusal): void;
}

export interface DatabaseOptions {
  url: string;
  max: number;
  /** Who comes when so many wait for a connection is refused at once. */
  maxWaiting?: number;
  /** Until a connection is free. */
  acquireTimeoutMs: number;
  /** Until a new one is made; as long as one may wait for it, by default. */
  connectTimeoutMs?: number;
  statementTimeoutMs?: number;
  applicationName: string;
  onIdleError(error: Error): void;
  observer?: PoolObserver;
}

/** What nobody waits for had rather wait for a connection than fail; making one may take as long. */
export const patientMs = 5000;

/** The server ends a statement first; this is for one that no longer answers. Who asks for short answers knows sooner. */
const silenceMs = (statementTimeoutMs: number) => Math.min(5000, statementTimeoutMs / 2);

export function openDatabase(options: DatabaseOptions): Database {
  // A statement of this service takes milliseconds; one that hangs must not hold a connection for ever.
  const { statementTimeoutMs = 30_000 } = options;
  const pool = new Pool({
    connectionString: options.url,
    max: options.max,
    connectionTimeoutMillis: options.connectTimeoutMs ?? options.acquireTimeoutMs,
    application_name: options.applicationName,
    keepAlive: true,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + silenceMs(statementTimeoutMs),
    idle_in_transaction_session_timeout: 60_000,
  });
  pool.on('error', options.onIdleError);
  // From the first moment on: the server's good-bye may come in the very packet in which the client is passed on, when
  // nobody has had the time to listen, and an `error` that nobody hears ends the process.
  pool.on('connect', (client) => client.on('error', () => broken.add(client)));
  return viewOf({ pool, places: createPlaces(options.max), options });
}

interface Shared {
  pool: Pool;
  /** The pool itself would give making a connection no more time than waiting for one. */
  places: Places;
  options: DatabaseOptions;
}

function viewOf(shared: Shared): Database {
  const { pool, places, options } = shared;
  return {
    query: (statement, values) => withClient(shared, (client) => queryAlone(client, statement, values)),
    transaction: (work) =>
      withClient(shared, async (client) => {
        await client.query('BEGIN');
        try {
          const result = await work(client);
          await client.query('COMMIT');
          return result;
        } catch (error) {
          // Any other connection is given up, and takes its transaction with it.
          if (isServerAnswer(error)) await client.query('ROLLBACK');
          throw error;
        }
      }),
    within: (acquireTimeoutMs) => viewOf({ ...shared, options: { ...options, acquireTimeoutMs } }),
    stats: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: places.waiting }),
    close: () => pool.end(),
  };
}

async function withClient<T>(shared: Shared, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const from = performance.now();
  await takePlace(shared);
  try {
    const client = await connect(shared);
    shared.options.observer?.waited((performance.now() - from) / 1000);
    return await runOn(client, () => work(client));
  } finally {
    shared.places.give();
  }
}

/** A statement that is a transaction by itself: one that failed has done nothing, and may be asked once more. */
async function queryAlone(client: PoolClient, statement: string | Prepared, values?: unknown[]) {
  try {
    return await client.query(statement, values);
  } catch (error) {
    if (typeof statement === 'string' || !isOutdated(error)) throw error;
    broken.add(client);
    return client.query(statement.text, values);
  }
}

async function takePlace({ places, options }: Shared): Promise<void> {
  const { maxWaiting = Number.POSITIVE_INFINITY, acquireTimeoutMs, observer } = options;
  if (places.free === 0 && places.waiting >= maxWaiting) {
    observer?.refused('full');
    throw new ServiceError('BUSY', 'too many wait for a database connection');
  }
  if (await places.take(acquireTimeoutMs)) return;
  observer?.refused('timeout');
  throw new ServiceError('BUSY', inTime);
}

async function connect({ pool, options }: Shared): Promise<PoolClient> {
  try {
    return await pool.connect();
  } catch (thrown) {
    const error = asBusy(thrown);
    if (error instanceof ServiceError) options.observer?.refused('unreachable');
    throw error;
  }
}

const inTime = 'no database connection could be had in time';

const broken = new WeakSet<object>();

/** A client whose connection broke must not go back to the pool. */
async function runOn<T>(client: PoolClient, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isServerAnswer(error)) broken.add(client);
    throw error;
  } finally {
    client.release(broken.has(client));
  }
}

/** PostgreSQL's own errors carry a five-character SQLSTATE; after them the connection is still good. */
function isServerAnswer(error: unknown): boolean {
  const code = (error as { code?: unknown })?.code;
  if (error instanceof ServiceError) return true;
  return typeof code === 'string'
    ? /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('57P') && !isOutdated(error)
    : false;
}

/** A migration changed the type of what a prepared statement gives: on this connection it would fail for ever. */
function isOutdated(error: unknown): boolean {
  return (error as { code?: unknown })?.code === '0A000';
}

/** No server, none in time, or one that takes nobody in: all of them pass by themselves. */
function asBusy(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  const isRefusal = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^(53|57P)/.test(code);
  if (isRefusal) return error;
  return new ServiceError('BUSY', inTime, { cause: error });
}
