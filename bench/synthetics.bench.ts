import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

/**
 * `synthetics run` of 1,000 checks with two criteria, whole process, against a bare loop around undici, whole process,
 * and Hurl with 1,000 files where it is on PATH. Goals: Hurl's time and 250 ms more; 1.6 times the memory of the loop.
 */
const checks = 1_000;
const atOnce = 50;
const rounds = 7;
const readingMs = 250;

interface Run {
  ms: number;
  /** Highest resident memory of a Node process. */
  peakMb: number;
}

export async function bench(): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-'));
  const server = createServer((_, response) => void response.end('ok')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await compare(folder, server);
  } finally {
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(folder: string, server: Server): Promise<string[]> {
  const { port } = server.address() as AddressInfo;
  const { ours, bare, hurl } = await programs(folder, port);
  const runs: Run[][] = [[], [], []];
  await run(ours, folder);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, command] of [ours, bare, hurl].entries()) {
      if (command) runs[index]?.push(await run(command, folder));
    }
  }
  const [own, loop, files] = runs.map(lowest);
  if (!own || !loop) throw new Error('nothing was measured');
  return [
    `synthetics run of ${checks} checks, ${atOnce} at once: ${own.ms.toFixed(0)} ms, ${own.peakMb.toFixed(0)} MB; bare loop ${loop.ms.toFixed(0)} ms, ${loop.peakMb.toFixed(0)} MB; lowest of ${rounds}`,
    `  over the loop ${(own.ms - loop.ms).toFixed(0)} ms, memory ratio ${(own.peakMb / loop.peakMb).toFixed(2)}, goal 1.60`,
    files
      ? `  hurl with ${checks} files ${files.ms.toFixed(0)} ms; ratio to it and ${readingMs} ms ${(own.ms / (files.ms + readingMs)).toFixed(2)}, goal 1.00`
      : '  hurl is not on PATH: not compared',
  ];
}

type CommandLine = readonly [string, ...string[]];

async function programs(folder: string, port: number) {
  const base = `http://127.0.0.1:${port}`;
  await writeFile(join(folder, 'peak.mjs'), peak);
  const file = join(folder, 'checks.yml');
  await writeFile(file, checkFile(base));
  const loop = join(folder, 'loop.mjs');
  await writeFile(loop, loopOf(base));
  const hurl = onPath('hurl');
  const files = join(folder, 'hurl');
  if (hurl) {
    await mkdir(files);
    for (let index = 0; index < checks; index += 1) {
      const request = `GET ${base}/checks/${index}\nHTTP 200\n[Asserts]\nduration < 5000\nbody contains "ok"\n`;
      await writeFile(join(files, `${index}.hurl`), request);
    }
  }
  const ours: CommandLine = [
    process.execPath,
    'harness/bin.mjs',
    'synthetics',
    'run',
    file,
    ...['--concurrency', String(atOnce), '--env', 'bench'],
  ];
  const bare: CommandLine = [process.execPath, loop];
  return { ours, bare, hurl: hurl ? ([hurl, '--test', files] as const) : undefined };
}

function checkFile(base: string): string {
  const each = (index: number) => `  - name: check_${index}
    url: \${BASE_URL}/checks/${index}
    interval: 60s
    timeout: 5s
    success_criteria:
      - status_code: 200
      - response_time_ms: "<5000"
      - body_contains: ok
    labels: {service: bench, criticality: low}
`;
  const list = Array.from({ length: checks }, (_, index) => each(index)).join('');
  return `---\nversion: "1.0"\nchecks:\n${list}environments:\n  bench: {base_url: "${base}"}\n`;
}

function loopOf(base: string): string {
  return `import { request } from ${JSON.stringify(import.meta.resolve('undici'))};
let next = 0;
async function work() {
  while (next < ${checks}) {
    const { statusCode, body } = await request('${base}/checks/' + next++);
    if (statusCode !== 200 || !(await body.text()).includes('ok')) throw new Error('a wrong answer');
  }
}
await Promise.all(Array.from({ length: ${atOnce} }, work));
`;
}

/** Tells the highest resident memory, in KiB, when the process ends. */
const peak = `import { writeSync } from 'node:fs';
process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS)));
`;

async function run([program, ...args]: CommandLine, folder: string): Promise<Run> {
  const options = `--import=${pathToFileURL(join(folder, 'peak.mjs')).href}`;
  const env = program === process.execPath ? { ...process.env, NODE_OPTIONS: options } : process.env;
  const from = performance.now();
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const told = text(child.stdio[3] as Readable);
  const [code] = (await once(child, 'exit')) as [number | null];
  const ms = performance.now() - from;
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return { ms, peakMb: Number(await told) / 1_024 };
}

/** What else runs on the machine only adds to a time. */
function lowest(runs: readonly Run[]): Run | undefined {
  if (runs.length === 0) return undefined;
  return {
    ms: Math.min(...runs.map(({ ms }) => ms)),
    peakMb: Math.min(...runs.map(({ peakMb }) => peakMb)),
  };
}

function onPath(name: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
