import type { FastifyInstance } from 'fastify';
import { ServiceError } from './errors.ts';
import { trackInFlight } from './in-flight.ts';
import type { JobQueue } from './queue.ts';

export interface Drain {
  readonly isDraining: boolean;
  /** Aborted when runs under way have had their time. */
  readonly signal: AbortSignal;
  begin(): void;
  /** Resolves when nothing is under way any more: requests answered, jobs ended. */
  finish(queue: JobQueue): Promise<void>;
  /** Before any route is registered. */
  watch(http: FastifyInstance): void;
}

/** For runs that were cut to say so, however busy the machine is. */
const cutGraceMs = 10_000;

export function createDrain(timeoutMs: number): Drain {
  const ending = new AbortController();
  let draining = false;
  let http: FastifyInstance | undefined;
  let inFlight: ReturnType<typeof trackInFlight> | undefined;
  return {
    get isDraining() {
      return draining;
    },
    signal: ending.signal,
    begin() {
      draining = true;
    },
    watch(app) {
      http = app;
      inFlight = trackInFlight(app);
      app.addHook('onSend', async (_request, reply) => {
        // Else a client keeps the connection of its last answer, and the drain waits for it.
        if (draining) reply.header('connection', 'close');
      });
    },
    async finish(queue) {
      const patience = Promise.withResolvers<void>();
      const cut = setTimeout(() => {
        ending.abort(new ServiceError('BUSY', 'the service is ending'));
        inFlight?.leaveUnfinished();
      }, timeoutMs);
      const last = setTimeout(() => {
        http?.server.closeAllConnections();
        patience.resolve();
      }, timeoutMs + cutGraceMs);
      const answered = Promise.race([inFlight?.idle(), patience.promise]);
      await Promise.all([http?.close(), answered, queue.stop(timeoutMs + cutGraceMs)]);
      clearTimeout(cut);
      clearTimeout(last);
    },
  };
}
