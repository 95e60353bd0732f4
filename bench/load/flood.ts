import { once } from 'node:events';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { Pool } from 'undici';

export interface FloodSettings {
  url: string;
  path: string;
  authorization: string;
  /** So many requests at any moment, each followed at once by the next. */
  atOnce: number;
  milliseconds: number;
  /** Who has no answer by then hangs. */
  patienceMs: number;
}

export interface Flooded {
  served: number;
  /** Milliseconds until each 503. */
  refusals: number[];
  withoutRetryAfter: number;
  others: number;
  hung: number;
}

/** From a thread of its own, so that asking costs the service nothing of its thread. */
export async function flood(settings: FloodSettings): Promise<Flooded> {
  const worker = new Worker(new URL(import.meta.url), { workerData: settings });
  try {
    const [found] = (await once(worker, 'message')) as [Flooded];
    return found;
  } finally {
    await worker.terminate();
  }
}

async function ask(settings: FloodSettings): Promise<Flooded> {
  const { url, path, authorization, atOnce, milliseconds, patienceMs } = settings;
  const pool = new Pool(url, { connections: atOnce });
  const found: Flooded = { served: 0, refusals: [], withoutRetryAfter: 0, others: 0, hung: 0 };
  const until = performance.now() + milliseconds;
  const one = async () => {
    while (performance.now() < until) {
      const from = performance.now();
      const signal = AbortSignal.timeout(patienceMs);
      const answer = await pool
        .request({ path, method: 'GET', headers: { authorization }, signal })
        .catch(() => undefined);
      await answer?.body.dump();
      if (!answer) found.hung += 1;
      else if (answer.statusCode === 200) found.served += 1;
      else if (answer.statusCode !== 503) found.others += 1;
      else {
        found.refusals.push(performance.now() - from);
        if (answer.headers['retry-after'] === undefined) found.withoutRetryAfter += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
  await pool.close();
  return found;
}

if (parentPort) {
  const port = parentPort;
  void ask(workerData as FloodSettings).then((found) => port.postMessage(found));
}
