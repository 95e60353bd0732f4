import { Pool, type PoolClient, type QueryResultRow } from 'pg';
import { ServiceError } from './errors.ts';

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
  acquireTimeoutMs: number;
  statementTimeoutMs?: number;
  applicationName: string;
  onIdleError(error: Error): void;
  observer?: PoolObserver;
}

/** The server ends a statement first; this is for one that no longer answers. */
const silenceMs = 5000;

export function openDatabase(options: DatabaseOptions): Database {
  // A statement of this service takes milliseconds; one that hangs must not hold a connection for ever.
  const { statementTimeoutMs = 30_000 } = options;
  const pool = new Pool({
    connectionString: options.url,
    max: options.max,
    connectionTimeoutMillis: options.acquireTimeoutMs,
    application_name: options.applicationName,
    keepAlive: true,
    statement_timeout: statementTimeoutMs,
    query_timeout: statementTimeoutMs + silenceMs,
    idle_in_transaction_session_timeout: 60_000,
  });
  pool.on('error', options.onIdleError);
  // From the first moment on: the server's good-bye may come in the very packet in which the client is passed on, when
  // nobody has had the time to listen, and an `error` that nobody hears ends the process.
  pool.on('connect', (client) => client.on('error', () => broken.add(client)));
  const acquire = () => takeFrom(pool, options);
  return {
    async query(statement, values) {
      const client = await acquire();
      return runOn(client, () => client.query(statement, values));
    },
    async transaction(work) {
      const client = await acquire();
      return runOn(client, async () => {
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
      });
    },
    stats: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    close: () => pool.end(),
  };
}

async function takeFrom(pool: Pool, options: DatabaseOptions): Promise<PoolClient> {
  const { max, maxWaiting = Number.POSITIVE_INFINITY, observer } = options;
  const hasToWait = pool.idleCount === 0 && pool.totalCount >= max;
  if (hasToWait && pool.waitingCount >= maxWaiting) {
    observer?.refused('full');
    throw new ServiceError('BUSY', 'too many wait for a database connection');
  }
  const from = performance.now();
  try {
    const client = await pool.connect();
    observer?.waited((performance.now() - from) / 1000);
    return client;
  } catch (thrown) {
    const error = asBusy(thrown);
    if (error instanceof ServiceError) observer?.refused(hasToWait ? 'timeout' : 'unreachable');
    throw error;
  }
}

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
  return typeof code === 'string' ? /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('57P') : false;
}

/** No free connection in time, no server, or one that takes nobody in: all of them pass by themselves. */
function asBusy(error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  const isRefusal = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !/^(53|57P)/.test(code);
  if (isRefusal) return error;
  return new ServiceError('BUSY', 'no database connection could be had in time', { cause: error });
}
