import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Message } from '../../notify/message.ts';
import { testProject } from '../../testing/cli.ts';
import { runCommand } from '../../testing/in-process.ts';
import { passphrase, testPerson, testSigners } from '../../testing/run-folder.ts';

const KEY = 'hook-key-of-the-test';
const ada = testPerson('ada', ['security', 'release-manager']);
let server: Server;
let root: string;
let told: Message[];

beforeAll(async () => {
  server = createServer(async (request, answer) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk as string;
    const signature = `sha256=${createHmac('sha256', KEY).update(body).digest('hex')}`;
    expect(request.headers['x-countersign-signature']).toBe(signature);
    told.push(JSON.parse(body) as Message);
    answer.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const environment = {
    title: 'Staging',
    rehearsal: false,
    secrets: { KEY: { env: 'HOOK_KEY' }, URL: { env: 'HOOK_URL' } },
    notify: [{ kind: 'webhook', url: '${secret.URL}', secret: '${secret.KEY}' }],
  };
  root = await testProject({
    'checklists/environments.yml': stringify({ environments: { staging: environment } }),
    'checklists/signers.yml': stringify(testSigners([ada])),
    'checklists/release.gate.yml': stringify({
      gate: 'release',
      title: 'Release',
      environment: 'staging',
      items: [{ id: 'vault', title: 'In the vault', attest: { role: 'security' } }],
      sign: { require: [{ role: 'release-manager' }], not_author: false },
    }),
    '.gitignore': '.countersign/\n',
    '.countersign/keys/ada.pem': ada.keys[0]?.privatePem ?? '',
  });
  const identity = ['-c', 'user.email=dev@example.com', '-c', 'user.name=Dev'];
  for (const line of ['init -q', 'add -A', 'commit -qm all'])
    execFileSync('git', [...identity, ...line.split(' ')], { cwd: root });
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(root, { recursive: true });
});

async function cli(line: string, url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`) {
  told = [];
  const env = { HOOK_KEY: KEY, HOOK_URL: url, COUNTERSIGN_PASSPHRASE: passphrase };
  const { exit, stdout, stderr } = await runCommand(root, line.split(' '), env);
  expect(`${stdout}${stderr}`).not.toContain(KEY);
  return { exit, stdout, stderr, events: told.map(({ event }) => event) };
}

test('H8: people are told of what waits, expires and was rejected, each once, and no gate fails by it', async () => {
  const dead = 'http://127.0.0.1:9/hook-nobody-listens';
  const unheard = await cli('gate run release', dead);
  expect(unheard.exit).toBe(3);
  expect(unheard.stderr).toContain('telling failed, webhook 1: it could not be reached (');
  expect(unheard.stderr).not.toContain('nobody-listens');
  expect(await cli('gate remind', dead)).toMatchObject({ exit: 3, events: [] });

  const heard = await cli('gate remind');
  expect(heard).toMatchObject({ exit: 0, events: ['waiting'] });
  expect(heard.stdout).toContain('waiting, told webhook 1');
  expect(told[0]).toMatchObject({
    pending: [{ item: 'vault', role: 'security' }],
    missing: [{ role: 'release-manager', count: 1 }],
  });
  expect((await cli('gate remind')).events).toEqual([]);
  expect((await cli('gate remind --within 48h')).events).toEqual(['expiring']);
  const memory = await readFile(join(root, '.countersign/notified.json'), 'utf8');
  expect(memory).not.toContain('127.0.0.1');

  expect((await cli('gate attest latest vault --as ada')).exit).toBe(0);
  expect((await cli('gate remind')).events).toEqual(['waiting']);
  expect(told[0]).toMatchObject({ pending: [], missing: [{ role: 'release-manager', count: 1 }] });
  expect((await cli('gate remind')).events).toEqual([]);

  const again = await cli('gate run release');
  expect(again).toMatchObject({ exit: 3, events: ['waiting'] });
  expect((await cli('gate remind')).stdout).toContain('waiting, nobody left to tell');
  const rejected = await cli('gate attest latest vault --as ada --reject --comment missing');
  expect(rejected.events).toEqual(['rejected']);
  expect(told[0]?.text).toBe('Release on Staging was rejected by Ada (vault): missing');
  expect((await cli('gate remind --within 48h')).stdout).toContain('nothing to tell');
}, 120_000);
