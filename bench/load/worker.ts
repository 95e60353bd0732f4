import { parentPort, workerData } from 'node:worker_threads';
import { Pool } from 'undici';
import type { LoadSettings, Slice } from './requests.ts';

/** Sends requests from a thread of its own, so that counting them costs the service nothing of its thread. */
const { url, connections } = workerData as LoadSettings;
const pool = new Pool(url, { connections });
let number = 0;

async function slice({ path, callers, milliseconds }: Slice): Promise<number> {
  const until = performance.now() + milliseconds;
  let answered = 0;
  const one = async () => {
    while (performance.now() < until) {
      number += 1;
      const { token, body } = callers[number % callers.length] ?? {};
      const headers = {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        'idempotency-key': `bench-${number}`,
      };
      const answer = await pool.request({ path, method: 'POST', headers, body });
      const text = await answer.body.text();
      if (answer.statusCode !== 200 && answer.statusCode !== 201)
        throw new Error(`${path} answered ${answer.statusCode}: ${text}`);
      answered += 1;
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return answered;
}

parentPort?.on('message', (asked: Slice) => {
  slice(asked).then(
    (answered) => parentPort?.postMessage({ answered }),
    (error: Error) => parentPort?.postMessage({ problem: error.message }),
  );
});
