import { afterAll, beforeAll, beforeEach } from 'vitest';
import { type RunningSimulator, startMonoSimulator } from './start.ts';

export const account = 'acc_sandbox_123';
export const secretKey = 'test_sk_simulator';

export type Json = Record<string, unknown>;

export interface Seen {
  status: number;
  headers: Headers;
  body: Json;
}

/** A simulator for one test file, asked by plain HTTP on one side and by the client on the other. */
export function useSimulator() {
  let simulator: RunningSimulator | undefined;
  let now = new Date('2026-11-22T06:00:00.000Z');
  const running = () => {
    if (!simulator) throw new Error('the simulator runs inside tests only');
    return simulator;
  };
  beforeAll(async () => {
    const accounts = [
      { id: account, rows: 307, name: 'ADA STORES', accountNumber: '0123456789' },
      { id: 'acc_processing', rows: 20, dataStatus: 'PROCESSING' as const },
      { id: 'acc_partial', rows: 20, dataStatus: 'PARTIAL' as const },
    ];
    simulator = await startMonoSimulator({ accounts, loginAccount: account, now: () => now });
  });
  afterAll(() => simulator?.close());
  beforeEach(() => running().control.reset());

  const call = async (path: string, init: RequestInit & { headers?: Record<string, string> } = {}) => {
    const headers = { 'mono-sec-key': secretKey, ...init.headers };
    const response = await fetch(running().url + path, { ...init, headers });
    const seen: Seen = {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Json,
    };
    return seen;
  };
  return {
    call,
    get: (query: string, id = account) => call(`/v2/accounts/${id}/transactions?${query}`),
    send: (path: string, body: Json) =>
      call(path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    url: () => running().url,
    control: () => running().control,
    pass: (milliseconds: number) => {
      now = new Date(now.getTime() + milliseconds);
    },
  };
}

export const list = (seen: Seen) => seen.body.data as Json[];
