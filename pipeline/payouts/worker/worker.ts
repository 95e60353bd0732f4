import { type Provider, providers } from '#pipeline/payouts/payouts.ts';
import { describeForLog } from '#pipeline/runtime/errors.ts';
import type { Logger } from '#pipeline/runtime/logging.ts';
import { createWaiter } from '#pipeline/runtime/waiter.ts';
import { type ClaimedPayout, claimDue } from './claim.ts';
import { type Processing, processPayout, setAside } from './process.ts';
import { attemptLeaseOf, leaseOf } from './settings.ts';

export interface WorkerDeps extends Processing {
  log: Logger;
  isPaused(provider: Provider): boolean;
  /** After each look for due payouts that the database answered. */
  beat(provider: Provider): void;
}

export interface PayoutWorker {
  start(): void;
  /** Takes nothing more; resolves when what is under way has ended. */
  stop(): Promise<void>;
  /** Takes what is due now, once; gives how many those were. */
  processOnce(): Promise<number>;
}

/** Each provider has a loop and slots of its own: one that is slow or away holds up no other. */
export function createPayoutWorker(deps: WorkerDeps): PayoutWorker {
  const waiter = createWaiter();
  const { settings } = deps;
  let loops: Promise<unknown> = Promise.resolve();

  const claim = async (provider: Provider, limit: number): Promise<ClaimedPayout[]> => {
    if (deps.isPaused(provider)) return [];
    const canSend = deps.providers.has(provider) && deps.isEnabled(provider);
    return claimDue(deps.db, {
      provider,
      limit,
      leaseMs: leaseOf(settings),
      ...(canSend && { attemptLeaseMs: attemptLeaseOf(settings) }),
    });
  };

  async function serve(provider: Provider): Promise<void> {
    const underWay = new Set<Promise<void>>();
    while (waiter.isWaiting()) {
      const free = settings.batch - underWay.size;
      const claimed = await claim(provider, free).then(
        (found) => {
          deps.beat(provider);
          return found;
        },
        (error) => {
          deps.log.warn({ event: 'payouts.claim_failed', provider, ...describeForLog(error) }, 'no claim');
          return [];
        },
      );
      for (const payout of claimed) {
        const done = processSafely(deps, payout).finally(() => underWay.delete(done));
        underWay.add(done);
      }
      if (claimed.length < free) await waiter.pause(settings.intervalMs);
      while (underWay.size > settings.batch / 2) await Promise.race(underWay);
    }
    await Promise.all(underWay);
  }

  return {
    start() {
      loops = Promise.all(providers.map(serve));
    },
    async stop() {
      waiter.stop();
      await loops;
    },
    async processOnce() {
      const claimed = await Promise.all(providers.map((provider) => claim(provider, settings.batch)));
      await Promise.all(claimed.flat().map((payout) => processSafely(deps, payout)));
      return claimed.flat().length;
    },
  };
}

/** Each row by itself: one that cannot be processed stops no other. */
async function processSafely(deps: WorkerDeps, payout: ClaimedPayout): Promise<void> {
  try {
    await processPayout(deps, payout);
  } catch (error) {
    const { transaction_id, provider } = payout;
    const event = 'payouts.step_failed';
    deps.log.error({ event, transaction_id, provider, ...describeForLog(error) }, event);
    // If the database is away its lease ends by itself.
    await setAside(deps, payout).catch(() => {});
  }
}
