import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

export interface LoadSettings {
  url: string;
  connections: number;
}

export interface Slice {
  path: string;
  /** One of them in turn for each request; the body is JSON. */
  callers: { token: string; body: string }[];
  milliseconds: number;
}

export interface Load {
  /** Requests a second; any answer but 200 and 201 is an error. */
  rate(slice: Slice): Promise<number>;
  stop(): Promise<unknown>;
}

export function startLoad(settings: LoadSettings): Load {
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: settings });
  return {
    async rate(slice) {
      const from = performance.now();
      worker.postMessage(slice);
      const [{ answered, problem }] = (await once(worker, 'message')) as [
        { answered?: number; problem?: string },
      ];
      if (answered === undefined) throw new Error(problem);
      return (answered * 1_000) / (performance.now() - from);
    },
    stop: () => worker.terminate(),
  };
}
