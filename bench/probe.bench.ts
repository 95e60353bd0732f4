import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf } from '#harness/errors.ts';
import { startBlackboxExporter } from '#harness/testing/blackbox-exporter.ts';
import type { Task, Took } from './load/probe-clients.ts';
import type { Ports } from './load/probe-targets.ts';

/**
 * 1,000 probes of a local server against a bare loop around undici: with a connection for each request on both sides,
 * and with connections that stay open on both. Rounds take turns. All run with a warm compile cache, as the command
 * does.
 */
const rounds = 5;
const concurrency = 50;
const count = 1_000;
const clients = ['bare', 'kept', 'probe', 'expect', 'keeping', 'mixed'] as const;

export async function bench(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'cache') };
  const targets = fork(new URL('./load/probe-targets.ts', import.meta.url));
  try {
    const [ports] = (await once(targets, 'message')) as [Ports];
    const measure = (task: Omit<Task, 'ports'>) => run({ ...task, ports }, env);
    for (const client of clients) await measure({ client, concurrency, warm: 0 });
    return [
      ...(await againstBareLoop(measure)),
      ...(await allAtOnce(measure)),
      ...(await againstExporter(measure, folder, ports.http)),
    ];
  } finally {
    await ended(targets);
    await rm(folder, { recursive: true, force: true });
  }
}

type Measure = (task: Omit<Task, 'ports'>) => Promise<Took>;

async function againstBareLoop(measure: Measure): Promise<string[]> {
  const found = new Map<Task['client'], Took[]>(clients.map((client) => [client, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const client of clients) {
      if (client !== 'mixed') found.get(client)?.push(await measure({ client, concurrency, warm: 0 }));
    }
  }
  const of = (client: Task['client'], what: keyof Took) =>
    Math.min(...(found.get(client) ?? []).map((took) => took[what]));
  const line = (client: Task['client'], name: string) =>
    `  ${name}: ${of(client, 'wallMs').toFixed(0)} ms, ${of(client, 'cpuMs').toFixed(0)} ms of CPU, ${of(client, 'peakMb').toFixed(0)} MB`;
  const ratio = (client: Task['client'], what: keyof Took, other: Task['client'] = 'bare') =>
    (of(client, what) / of(other, what)).toFixed(2);
  return [
    `${count} GETs, ${concurrency} at once, after one; lowest of ${rounds}`,
    line('bare', 'bare undici loop, a connection each'),
    line('kept', 'bare undici loop, connections kept'),
    line('probe', 'probe() with two criteria'),
    line('expect', 'probe() with an expectation'),
    line('keeping', 'probe() with two criteria, connections kept'),
    `  a connection each: time ratio ${ratio('probe', 'wallMs')} with criteria, ${ratio('expect', 'wallMs')} with an expectation, goal 1.15`,
    `    CPU ratio ${ratio('probe', 'cpuMs')} and ${ratio('expect', 'cpuMs')}; memory ratio ${ratio('probe', 'peakMb')}, goal 1.60`,
    `  connections kept: time ratio ${ratio('keeping', 'wallMs', 'kept')}, goal 1.15`,
    `    CPU ratio ${ratio('keeping', 'cpuMs', 'kept')}; memory ratio ${ratio('keeping', 'peakMb', 'kept')}, goal 1.60`,
    `  a connection each against the loop that keeps its own: time ratio ${ratio('probe', 'wallMs', 'kept')}`,
  ];
}

async function allAtOnce(measure: Measure): Promise<string[]> {
  const all: Took[] = [];
  for (let round = 0; round < rounds; round += 1) {
    all.push(await measure({ client: 'mixed', concurrency: count, warm: 0 }));
  }
  const most = Math.max(...all.map(({ peakMb }) => peakMb));
  const wall = Math.min(...all.map(({ wallMs }) => wallMs));
  return [
    `${count} different checks at once (http, tls, tcp, grpc, websocket): ${most.toFixed(0)} MB, highest of ${rounds}, goal 200 MB; ${wall.toFixed(0)} ms`,
  ];
}

async function againstExporter(measure: Measure, folder: string, port: number): Promise<string[]> {
  const own = await measure({ client: 'probe', concurrency, warm: 2 });
  try {
    const theirs = await exporterCpuMs(folder, port);
    return [
      `CPU of ${count} http probes once warm: ${own.cpuMs.toFixed(0)} ms; of blackbox_exporter, asked over its own interface, ${theirs.toFixed(0)} ms`,
      `  ratio ${(own.cpuMs / theirs).toFixed(2)}, goal 1.50`,
    ];
  } catch (thrown) {
    return [`blackbox_exporter could not be had, so nothing is compared with it: ${messageOf(thrown)}`];
  }
}

const module = `modules:
  ok:
    prober: http
    http:
      valid_status_codes: [200]
      fail_if_body_not_matches_regexp: [ok]
      preferred_ip_protocol: ip4
`;

async function exporterCpuMs(folder: string, port: number): Promise<number> {
  const file = join(folder, 'blackbox.yml');
  await writeFile(file, module);
  const exporter = await startBlackboxExporter(file);
  try {
    const round = async () => {
      let next = 0;
      const work = async () => {
        while (next < count) {
          const metrics = await exporter.probe('ok', `http://127.0.0.1:${port}/c${next++}`);
          if (metrics.get('probe_success') !== 1) throw new Error('a probe of blackbox_exporter failed');
        }
      };
      await Promise.all(Array.from({ length: concurrency }, work));
    };
    await round();
    await round();
    const before = await cpuMsOf(exporter.pid);
    await round();
    return (await cpuMsOf(exporter.pid)) - before;
  } finally {
    await exporter.stop();
  }
}

/** User and system time of a process, from the kernel's hundredths of a second. */
async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10;
}

async function run(task: Task, env: NodeJS.ProcessEnv): Promise<Took> {
  const client = fork(new URL('./load/probe-clients.ts', import.meta.url), { env });
  const end = once(client, 'exit');
  const failed = end.then(([code]) => Promise.reject(new Error(`${task.client} ended with ${code}`)));
  failed.catch(() => {});
  client.send(task);
  const [took] = (await Promise.race([once(client, 'message'), failed])) as [Took];
  // By itself: a process that is killed leaves nothing in the compile cache.
  await end;
  return took;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  await once(child, 'exit');
}
