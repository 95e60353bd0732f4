import type { FastifyInstance } from 'fastify';

/** Resolves when every request that was taken has been answered; a closed server alone does not tell. */
export function trackInFlight(app: FastifyInstance): { idle(): Promise<void> } {
  const requests = new Map<object, () => void>();
  const answers = new Set<Promise<void>>();
  app.addHook('onRequest', async (request) => {
    // A connection that is taken over gets no answer; whoever took it closes it.
    if (request.headers.upgrade !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    answers.add(promise);
    requests.set(request, () => {
      answers.delete(promise);
      resolve();
    });
  });
  app.addHook('onResponse', async (request) => {
    requests.get(request)?.();
    requests.delete(request);
  });
  return {
    async idle() {
      await Promise.all(answers);
    },
  };
}
