import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { runCli, testProject } from '#harness/testing/cli.ts';

const page = await readFile(resolve(import.meta.dirname, '../docs/gates.md'), 'utf8');
const [, gate = ''] = /```yaml\n(---\ngate:[\s\S]*?)```/.exec(page) ?? [];

/** Writes the flag down, and says what it is now. */
const flag = `import { appendFileSync } from 'node:fs';
appendFileSync('flag.log', process.argv[2] + '\\n');
console.log(JSON.stringify({ flag: process.argv[2] }));
`;
const weekdays = {
  kind: 'allow',
  rrule: 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR',
  from: '09:00',
  duration: '2h',
  zone: 'Africa/Lagos',
};

let server: Server;
let root: string;
/** Answers that are still good; then the service is down. */
let good = Number.POSITIVE_INFINITY;

beforeAll(async () => {
  server = createServer((_request, response) => {
    good -= 1;
    response.writeHead(good >= 0 ? 200 : 503).end('{}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const practice = {
    title: 'Practice',
    rehearsal: true,
    writes: true,
    sources: { site: { kind: 'http', url: `http://127.0.0.1:${port}` } },
  };
  root = await testProject({
    'checklists/environments.yml': stringify({ environments: { practice } }),
    'checklists/windows.yml': stringify({ windows: { weekdays } }),
    'checklists/flag-release.gate.yml': gate,
    'scripts/flag.mjs': flag,
  });
});

afterAll(() => new Promise((done) => server.close(done)));

async function release() {
  await writeFile(join(root, 'flag.log'), '');
  const { exit, stdout } = await runCli(root, ['gate', 'run', 'flag-release']);
  return { exit, stdout, flags: (await readFile(join(root, 'flag.log'), 'utf8')).trim().split('\n') };
}

test('the gate of docs/gates.md turns the flag on, watches, and ends as a rehearsal', async () => {
  const { exit, stdout, flags } = await release();
  expect(stdout).toContain('REHEARSAL_GO');
  expect(exit).toBe(0);
  expect(flags).toEqual(['on']);
  const plan = await runCli(root, ['gate', 'plan', 'flag-release']);
  expect(plan.stdout).toMatch(/flag-on .* after healthy, window {2}THE CUTOVER {2}undone by script/);
  expect(plan.stdout).toContain('watched 2s, each 500ms');
});

test('the gate of docs/gates.md turns the flag off again when the service goes down', async () => {
  good = 3;
  const { exit, stdout, flags } = await release();
  expect(stdout).toMatch(/stays-healthy failed: 2 of \d samples failed; at most 1 may/);
  expect(exit).toBe(1);
  expect(flags).toEqual(['on', 'off']);
  expect((await runCli(root, ['gate', 'verify', 'latest'])).exit).toBe(1);
});

test('the kind of docs/gates.md measures what the service has in store', async () => {
  const [, kind = ''] = /```ts file=countersign.config.ts\n([\s\S]*?)```/.exec(page) ?? [];
  const shop = createServer((_request, response) => response.end('{"in_store": 3}'));
  await new Promise<void>((done) => shop.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
  const practice = { title: 'Practice', rehearsal: true, sources: { shop: { kind: 'http', url } } };
  const stock = await testProject({
    'countersign.config.ts': kind.replace("'countersign'", `'${import.meta.resolve('#harness/index.ts')}'`),
    'checklists/environments.yml': stringify({ environments: { practice } }),
    'checklists/stock.gate.yml': stringify({
      gate: 'stock',
      title: 'Stock',
      environment: 'practice',
      items: [{ id: 'stock', title: 'There is something', check: 'stock', with: { path: '/stock' } }],
      sign: { require: [{ role: 'release-manager' }] },
    }),
  });
  try {
    const { exit, stdout, stderr } = await runCli(stock, ['gate', 'run', 'stock']);
    expect(stdout, stderr).toContain('REHEARSAL_GO  1 passed');
    expect(exit).toBe(0);
  } finally {
    await new Promise((done) => shop.close(done));
  }
});
