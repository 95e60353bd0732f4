import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cachedNode } from './tools/find-node.mjs';
import { version } from './version.ts';

const bin = fileURLToPath(new URL('./bin.mjs', import.meta.url));
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-bin-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Makes a Node believe that it is an old one: there is not always an old one to try. */
const old = `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'20.19.0'}})`;

function start(args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  const { PATH, HOME } = process.env;
  return spawn(process.execPath, args, { env: { PATH, HOME, ...env }, cwd: folder });
}

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = start(args, env);
  const [out, error, [code]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    once(child, 'exit'),
  ]);
  return { out, error, code };
}

test('the right Node runs the command in its own process', async () => {
  expect(await run([bin, '--version'])).toMatchObject({ out: `countersign ${version()}\n`, code: 0 });
});

test('an old Node hands over to the one that COUNTERSIGN_NODE names, exit code and all', async () => {
  const env = { COUNTERSIGN_NODE: process.execPath };
  expect(await run(['--import', old, bin, '--version'], env)).toMatchObject({
    out: `countersign ${version()}\n`,
    code: 0,
  });
  expect(await run(['--import', old, bin, 'no-such-command'], env)).toMatchObject({ code: 2 });
});

test('an old Node finds the right one in the cache', async () => {
  const env = { COUNTERSIGN_CACHE: join(folder, 'cache') };
  const { program = '' } = cachedNode(env);
  await mkdir(join(program, '..'), { recursive: true });
  await writeFile(program, `#!/bin/sh\nexec ${process.execPath} "$@"\n`, { mode: 0o755 });
  expect(await run(['--import', old, bin, '--version'], env)).toMatchObject({ code: 0 });
});

test('a COUNTERSIGN_NODE that is no Node 24 is refused, never passed over', async () => {
  const { error, code } = await run(['--import', old, bin, '--version'], { COUNTERSIGN_NODE: '/bin/true' });
  expect(error).toContain('COUNTERSIGN_NODE=/bin/true is not a Node 24 or later');
  expect(code).toBe(2);
});

test('signals reach the program that was handed over to, and its exit code comes back', async () => {
  const handOver = pathToFileURL(fileURLToPath(new URL('./tools/hand-over.mjs', import.meta.url))).href;
  const inner = `process.on('SIGTERM', () => process.exit(42)); console.log('up'); setInterval(() => {}, 1000)`;
  const outer = `import { handOver } from ${JSON.stringify(handOver)};
    handOver(process.execPath, ['-e', ${JSON.stringify(inner)}], process.env)`;
  const child = start(['--input-type=module', '-e', outer]);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect(code).toBe(42);
});

test('what stdout could not take is an error, a reader that went away is none', async () => {
  const full = await open('/dev/full', 'w');
  const child = spawn(process.execPath, [bin, 'checks', 'list', '--json'], {
    stdio: ['ignore', full.fd, 'pipe'],
  });
  const [error, [code]] = await Promise.all([
    text(child.stderr as NodeJS.ReadableStream),
    once(child, 'exit'),
  ]);
  await full.close();
  expect(error).toContain('no space left on device');
  expect(code).toBe(3);
  const gone = start([bin, 'checks', 'list', '--json']);
  gone.stdout?.destroy();
  expect((await once(gone, 'exit'))[0]).toBe(0);
});
