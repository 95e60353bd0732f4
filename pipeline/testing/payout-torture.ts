import { setTimeout as sleep } from 'node:timers/promises';
import { providers } from '#pipeline/payouts/payouts.ts';
import { retryPayout } from '#pipeline/payouts/retry.ts';
import type { Database } from '#pipeline/runtime/db.ts';
import { draw, type Fault } from '#pipeline/simulators/payouts/faults.ts';
import { type RunningPayoutSimulator, startPayoutSimulator } from '#pipeline/simulators/payouts/start.ts';
import { type Books, comparePayoutBooks } from './payout-books.ts';
import { providerEnv } from './payout-providers.ts';
import { type Reconciled, reconcilePayouts } from './payout-reconcile.ts';
import { webhookSecrets } from './payout-webhooks.ts';
import { fundedWallet, openTestDatabase, payoutOf } from './payouts.ts';
import { type Started, startScript } from './processes.ts';
import { testEnv } from './service.ts';

export interface TortureOptions {
  seed: string;
  databaseUrl: string;
  payouts: number;
  workers: number;
  /** Workers that are ended with SIGKILL, and replaced. */
  kills: number;
  /** How often every connection to the database is lost. */
  restarts: number;
  restartDatabase(): Promise<void>;
  /** Multiplies the rate of each fault. */
  severity: number;
  timeoutMs: number;
  /** From this share of decided payouts on the providers make no more mistakes; 1: they never stop. */
  recoverAt: number;
  /** All payouts have to be decided by then. */
  deadlineMs: number;
}

export interface Tortured extends Books, Pick<Reconciled, 'payments'> {
  kills: number;
  restarts: number;
  /** Payouts that failed and were tried again. */
  reopened: number;
  submissions: number;
  callbacks: number;
  seconds: number;
}

/** Real processes, a real database, simulated providers that do everything wrong, and then the books. */
export async function torturePayouts(options: TortureOptions): Promise<Tortured> {
  const began = performance.now();
  const db = openTestDatabase(options.databaseUrl);
  const simulator = await startPayoutSimulator({ seed: options.seed, settleMs: [20, 400] });
  const processes = createProcesses(options, simulator);
  try {
    for (const fault of faultsOf(options.severity)) simulator.control.addFault(fault);
    await orderPayouts(db, options);
    await processes.startService();
    await Promise.all(Array.from({ length: options.workers }, () => processes.startWorker()));
    const reopened = await stir(db, options, simulator, processes);
    await simulator.control.idle();
    await processes.stop();
    const books = await comparePayoutBooks(db, simulator.control.book());
    const { payments, differences } = await reconcilePayouts(options.databaseUrl, simulator.url);
    const { rows } = await db.query<{ submissions: number; callbacks: number }>(
      `SELECT (SELECT sum(attempt_count)::integer FROM app.mobile_money_payouts) AS submissions,
         (SELECT count(*)::integer FROM app.webhook_events) AS callbacks`,
    );
    const { submissions = 0, callbacks = 0 } = rows[0] ?? {};
    const { kills, restarts } = options;
    const seconds = (performance.now() - began) / 1000;
    const found = { payments, differences: [...books.differences, ...differences] };
    return { ...books, ...found, kills, restarts, reopened, submissions, callbacks, seconds };
  } finally {
    await processes.stop();
    await simulator.close();
    await db.close();
  }
}

function faultsOf(severity: number): Fault[] {
  const rates: [Fault, number][] = [
    [{ kind: 'latency', ms: 40 }, 0.1],
    [{ kind: 'decline' }, 0.08],
    [{ kind: 'refuse' }, 0.05],
    [{ kind: 'instant' }, 0.05],
    [{ kind: 'cut' }, 0.05],
    [{ kind: 'late', ms: 250 }, 0.05],
    [{ kind: 'error_after' }, 0.05],
    [{ kind: 'drop' }, 0.05],
    [{ kind: 'server_error' }, 0.04],
    [{ kind: 'rate_limit' }, 0.02],
    [{ kind: 'auth_failure' }, 0.01],
    [{ kind: 'html_error' }, 0.03],
    [{ kind: 'malformed_json' }, 0.02],
    [{ kind: 'callback_lost' }, 0.15],
    [{ kind: 'callback_duplicate' }, 0.2],
    [{ kind: 'callback_late', ms: 400 }, 0.1],
    [{ kind: 'callback_reorder' }, 0.15],
    [{ kind: 'callback_forged' }, 0.1],
  ];
  return rates.map(([fault, rate]) => ({ ...fault, rate: Math.min(1, rate * severity) }));
}

const feeCents = 7n;

async function orderPayouts(db: Database, { seed, payouts }: TortureOptions): Promise<void> {
  const wallets = await Promise.all(Array.from({ length: 20 }, () => fundedWallet(db, 1_000_000_000n)));
  const order = async (n: number) => {
    const wallet = wallets[n % wallets.length];
    const provider = providers[Math.floor(draw(seed, 'provider', String(n)) * providers.length)];
    if (!wallet || !provider) throw new Error('nobody pays, or nobody is paid');
    const amountCents = BigInt(1 + Math.floor(draw(seed, 'amount', String(n)) * 1_000_000));
    const phone = `+22890${String(n).padStart(6, '0')}`;
    await payoutOf(db, wallet.walletId, { provider, phone, amountCents, feeCents });
  };
  for (let from = 0; from < payouts; from += 100) {
    const batch = Array.from({ length: Math.min(100, payouts - from) }, (_, index) => order(from + index));
    await Promise.all(batch);
  }
}

/** Until everything is decided; what goes wrong does so when so much of it is. Gives how many were tried again. */
async function stir(
  db: Database,
  options: TortureOptions,
  simulator: RunningPayoutSimulator,
  processes: Processes,
): Promise<number> {
  const { seed, kills, restarts, payouts } = options;
  const until = performance.now() + options.deadlineMs;
  const due = [
    ...Array.from({ length: kills }, (_, n) => ({
      at: (n + 0.3) / kills,
      act: () => processes.replaceWorker(),
    })),
    ...Array.from({ length: restarts }, (_, n) => ({
      at: (n + 1) / (restarts + 1),
      act: options.restartDatabase,
    })),
    ...providers.map((provider, n) => ({
      at: (n + 0.7) / (providers.length + 1),
      act: async () => {
        simulator.control.setMode(provider, n % 2 === 0 ? { mode: 'dead' } : { mode: 'slow', ms: 300 });
        setTimeout(() => simulator.control.setMode(provider, { mode: 'up' }), 1000);
      },
    })),
  ].sort((a, b) => a.at - b.at);
  const again = new Set<string>();
  while (performance.now() < until) {
    const state = await readState(db).catch(() => undefined);
    if (!state) continue;
    const decided = 1 - state.open / payouts;
    while (due[0] && due[0].at <= decided) await due.shift()?.act();
    if (due.length === 0 && decided >= options.recoverAt) simulator.control.clearFaults();
    const chosen = state.failed.filter((id) => !again.has(id) && draw(seed, 'again', id) < 0.2);
    for (const id of chosen) {
      again.add(id);
      await retryFailed(db, id);
    }
    if (state.open === 0 && chosen.length === 0 && due.length === 0) break;
    await sleep(50);
  }
  return again.size;
}

async function readState(db: Database): Promise<{ open: number; failed: string[] }> {
  const { rows } = await db.query<{ open: number; failed: string[] }>(
    `SELECT count(*) FILTER (WHERE status IN ('PENDING', 'SENT'))::integer AS open,
       coalesce(array_agg(transaction_id) FILTER (WHERE status = 'FAILED'), '{}') AS failed
     FROM app.mobile_money_payouts`,
  );
  if (!rows[0]) throw new Error('the count gave no row');
  return rows[0];
}

/** An administrator who has it tried again; when the database is away just then, it stays as it is. */
async function retryFailed(db: Database, id: string): Promise<void> {
  const order = { force: true, reason: 'torture', actor: 'torture', requestId: 'torture' };
  await retryPayout(db, id, order).catch(() => {});
}

interface Processes {
  startService(): Promise<void>;
  startWorker(): Promise<void>;
  replaceWorker(): Promise<void>;
  stop(): Promise<void>;
}

function createProcesses(options: TortureOptions, simulator: RunningPayoutSimulator): Processes {
  const env: NodeJS.ProcessEnv = {
    ...testEnv(options.databaseUrl),
    ...providerEnv(simulator),
    ...Object.fromEntries(
      Object.entries(webhookSecrets).map(([name, secret]) => [`${name}_WEBHOOK_SECRET`, secret]),
    ),
    DOMAINS: 'payouts',
    PORT: '0',
    WEBHOOKS_PER_MINUTE: '100000',
    PAYOUT_INTERVAL_MS: '50',
    PAYOUT_POLL_MS: '200',
    PAYOUT_BACKOFF_MS: '50',
    PAYOUT_BATCH: '20',
    PAYOUT_TIMEOUT_MS: String(options.timeoutMs),
    PAYOUT_SETTLE_MS: String(options.timeoutMs * 2),
  };
  const workers: Started[] = [];
  let service: Started | undefined;
  const listening = /"address":"(http[^"]+)"/;
  const end = async (started: Started) => {
    started.child.kill('SIGKILL');
    await started.finished;
  };
  const startWorker = async () => {
    const instance = `worker-${workers.length}-${options.seed}`;
    const worker = startScript('pipeline/server.ts', ['--worker'], { ...env, INSTANCE_ID: instance });
    workers.push(worker);
    await worker.printed(listening);
  };
  return {
    async startService() {
      service = startScript('pipeline/server.ts', [], env);
      const [, url] = await service.printed(listening);
      simulator.control.callBack(`${url}/v1/webhooks`);
    },
    startWorker,
    async replaceWorker() {
      const [oldest] = workers.splice(0, 1);
      if (oldest) await end(oldest);
      // The others go on meanwhile.
      void startWorker().catch(() => {});
    },
    async stop() {
      await Promise.all([...workers.splice(0), ...(service ? [service] : [])].map(end));
    },
  };
}
