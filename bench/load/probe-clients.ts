import type { SyntheticCheck } from '#harness/synthetics/check-schema.ts';
import { Connections } from '#harness/synthetics/probe/connections.ts';
import type { ProbeContext } from '#harness/synthetics/probe/context.ts';
import type { Ports } from './probe-targets.ts';

/** Asks 1,000 times, once the other side of the fork says where, and tells what that took. */
export interface Task {
  /**
   * bare: a loop around undici, a connection each; kept: the same over connections that stay open.
   * probe, expect, mixed: probes with a connection each; keeping: probes over connections that stay open.
   */
  client: 'probe' | 'expect' | 'keeping' | 'bare' | 'kept' | 'mixed';
  ports: Ports;
  concurrency: number;
  /** Rounds before the one that is measured. */
  warm: number;
}

export interface Took {
  wallMs: number;
  cpuMs: number;
  /** The most that the process ever had. */
  peakMb: number;
}

const count = 1_000;

type Ask = (index: number) => Promise<void>;

async function bare(url: string, reset: boolean): Promise<Ask> {
  const { request } = await import('undici');
  return async (index) => {
    const { statusCode, body } = await request(`${url}/c${index}`, { reset });
    const text = await body.text();
    if (statusCode !== 200 || !text.includes('ok')) throw new Error(`${statusCode} ${text}`);
  };
}

async function probing(checks: readonly SyntheticCheck[], connections: Connections): Promise<Ask> {
  const { probe } = await import('#harness/synthetics/probe/probe.ts');
  const context: ProbeContext = {
    at: new Date(),
    location: 'bench',
    clock: { now: () => new Date(), monotonic: () => performance.now() },
    signal: new AbortController().signal,
    root: process.cwd(),
    resolve: (path) => path,
    tool: async (name) => name,
    value: async (name) => `no ${name}`,
    redact: (text) => text,
    connections,
  };
  return async (index) => {
    const check = checks[index % checks.length];
    if (!check) throw new Error('there is no check');
    const { state, reason } = await probe(check, context);
    if (state !== 'passed') throw new Error(reason);
  };
}

const get = (url: string, client: Task['client']): SyntheticCheck[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `check${index}`,
    url: `${url}/c${index}`,
    ...(client === 'keeping' ? { connection: 'kept' } : {}),
    ...(client === 'expect'
      ? { expect: ['status == 200 && json.status == "ok"'] }
      : { success_criteria: [{ status_code: 200 }, { body_contains: 'ok' }] }),
  }));

/** No two alike: 600 http, 100 of each other type that needs no program of its own. */
function mixed(ports: Ports): SyntheticCheck[] {
  const here = { host: '127.0.0.1', timeout: '60s' };
  return Array.from({ length: count }, (_, index): SyntheticCheck => {
    const name = `check${index}`;
    const path = `/c${index}`;
    if (index % 10 === 0) return { ...here, name, type: 'tls', port: ports.https, insecure: true };
    if (index % 10 === 1) {
      return {
        ...here,
        name,
        type: 'tcp',
        port: ports.tcp,
        success_criteria: [{ received_contains: '220' }],
      };
    }
    if (index % 10 === 2) return { ...here, name, type: 'grpc', port: ports.grpc };
    if (index % 10 === 3) {
      return {
        name,
        timeout: '60s',
        type: 'websocket',
        url: `ws://127.0.0.1:${ports.websocket}${path}`,
        conversation: [{ send: name }, { expect: { contains: name } }],
      };
    }
    return {
      name,
      timeout: '60s',
      url: `http://127.0.0.1:${ports.http}${path}`,
      success_criteria: [{ body_contains: path }],
      expect: [`json.path == "${path}"`],
    };
  });
}

async function clientFor({ client, ports }: Task, connections: Connections): Promise<Ask> {
  const url = `http://127.0.0.1:${ports.http}`;
  if (client === 'bare' || client === 'kept') return bare(url, client === 'bare');
  return probing(client === 'mixed' ? mixed(ports) : get(url, client), connections);
}

async function round(ask: Ask, concurrency: number): Promise<Took> {
  const [from, used] = [performance.now(), process.cpuUsage()];
  let next = 0;
  const work = async () => {
    while (next < count) await ask(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const { user, system } = process.cpuUsage(used);
  const peakMb = process.resourceUsage().maxRSS / 1_024;
  return { wallMs: performance.now() - from, cpuMs: (user + system) / 1_000, peakMb };
}

process.once('message', async (task: Task) => {
  const connections = new Connections();
  const ask = await clientFor(task, connections);
  // The modules that are loaded on first use belong to neither side's asking.
  await ask(0);
  for (let done = 0; done < task.warm; done += 1) await round(ask, task.concurrency);
  process.send?.(await round(ask, task.concurrency));
  connections.close();
  process.disconnect();
});
