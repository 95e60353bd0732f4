import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type NotifyTarget, notifyProblems } from '../config/notify-targets.ts';
import { fakeClock } from '../testing/context.ts';
import { makeRunFolder, testItem, testPerson } from '../testing/run-folder.ts';
import { type Message, type News, newsOf } from './message.ts';
import { type NotifyOptions, notify } from './notify.ts';

const KEY = 'hook-key-of-the-test';
const PATH = '/services/T0/B0/very-secret-path';
interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

let server: Server;
let base: string;
let received: Received[];
/** Status of the answers to come, 200 after them; 0 gives none. */
let answers: number[];
let news: News;

beforeAll(async () => {
  server = createServer(async (request, answer) => {
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk as string;
    received.push({ headers: request.headers, body });
    const status = answers.shift() ?? 200;
    if (status === 302) answer.setHeader('location', '/elsewhere');
    if (status > 0) answer.writeHead(status).end('thank you');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const pending = {
    ...testItem('vault', 'error'),
    title: 'In the <!channel> vault',
    state: 'pending' as const,
    reason: 'fact-in-a-reason',
    attest: { role: 'security', about: [] },
  };
  await using run = await makeRunFolder({ people: [testPerson('ada', ['security'])], items: [pending] });
  news = newsOf(run.statement, { event: 'waiting', missing: [{ role: 'engineering', count: 2 }] });
});

beforeEach(() => {
  received = [];
  answers = [];
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const webhook = (path = '/hook'): NotifyTarget => ({
  kind: 'webhook',
  url: `${base}${path}`,
  secret: '${secret.KEY}',
});
const slack: NotifyTarget = { kind: 'slack', url: '${secret.URL}' };

function telling(targets: NotifyTarget[], more: Partial<NotifyOptions> = {}) {
  const secrets = { KEY: { env: 'KEY' }, URL: { env: 'URL' } };
  return notify(news, {
    environment: {
      name: 'staging',
      title: 'Staging',
      rehearsal: false,
      secrets,
      vars: { api: '${port.api}' },
      notify: targets,
    },
    root: tmpdir(),
    env: { KEY, URL: `${base}${PATH}` },
    clock: fakeClock(),
    signal: new AbortController().signal,
    pausesMs: [1, 1],
    ...more,
  });
}

describe('a webhook', () => {
  test('is verified by the receiver that the page shows, and by it alone once, unchanged and young', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/notifications.md'), 'utf8');
    const folder = await mkdtemp(join(tmpdir(), 'countersign-receiver-'));
    const file = join(folder, 'receiver.mjs');
    await writeFile(file, /```js verify\n([\s\S]*?)```/.exec(page)?.[1] ?? '');
    const { receive } = (await import(pathToFileURL(file).href)) as {
      receive(headers: IncomingHttpHeaders, body: string, key: string, now: number): Message | undefined;
    };
    expect(await telling([webhook()])).toEqual([{ target: 'webhook 1' }]);
    const [{ headers, body } = { headers: {}, body: '' }] = received;
    const now = fakeClock().now().getTime();
    expect(receive(headers, body.replace('vault', 'valut'), KEY, now)).toBeUndefined();
    expect(receive(headers, body, 'another key', now)).toBeUndefined();
    expect(receive(headers, body, KEY, now + 6 * 60_000)).toBeUndefined();
    expect(receive(headers, body, KEY, now)).toMatchObject({
      event: 'waiting',
      gate: 'sample',
      pending: [{ item: 'vault', role: 'security' }],
      sent_at: headers['x-countersign-timestamp'],
      delivery: headers['x-countersign-delivery'],
    });
    expect(receive(headers, body, KEY, now)).toBeUndefined();
    await rm(folder, { recursive: true });
  });

  test('is tried three times, as one delivery', async () => {
    answers = [500, 429];
    expect(await telling([webhook()])).toEqual([{ target: 'webhook 1' }]);
    expect(new Set(received.map(({ headers }) => headers['x-countersign-delivery'])).size).toBe(1);
    expect(received).toHaveLength(3);
    answers = [500, 500, 500];
    expect(await telling([webhook()])).toEqual([{ target: 'webhook 1', problem: 'it answered 500' }]);
    expect(received).toHaveLength(6);
  });

  test.each([
    [400, 'it answered 400'],
    [302, 'it answered 302'],
  ])('that answers %d is not asked again, nor where it points', async (status, problem) => {
    answers = [status];
    expect(await telling([webhook()])).toEqual([{ target: 'webhook 1', problem }]);
    expect(received).toHaveLength(1);
  });

  test('that never answers costs a bounded time', async () => {
    answers = [0, 0, 0];
    const told = await telling([webhook()], { timeoutMs: 40 });
    expect(told).toEqual([{ target: 'webhook 1', problem: 'no answer within 40 ms' }]);
    expect(received).toHaveLength(3);
  });
});

test('one target that can not be told keeps no other from it, and no address or key is shown', async () => {
  const gone = createServer().listen(0, '127.0.0.1');
  await once(gone, 'listening');
  const nowhere = `http://127.0.0.1:${(gone.address() as AddressInfo).port}${PATH}`;
  gone.close();
  const told = await telling([slack, webhook()], { env: { KEY, URL: nowhere } });
  expect(told).toEqual([
    { target: 'slack 1', problem: 'it could not be reached (ECONNREFUSED)' },
    { target: 'webhook 2' },
  ]);
  const unset = await telling([slack, webhook()], { env: { URL: nowhere }, skip: new Set(['slack 1']) });
  expect(unset).toEqual([
    {
      target: 'webhook 2',
      problem: 'the secret `KEY` needs the environment variable KEY, which is not set',
    },
  ]);
  const odd = await telling([slack], { env: { URL: `no url at all ${PATH}` } });
  expect(odd).toEqual([{ target: 'slack 1', problem: 'it could not be reached (ERR_INVALID_URL)' }]);
});

test('Slack gets text and blocks that ring nobody and hold nothing of the evidence', async () => {
  expect(await telling([slack])).toEqual([{ target: 'slack 1' }]);
  const [{ body } = { body: '' }] = received;
  expect(JSON.parse(body)).toMatchObject({
    text: 'Sample gate on Staging waits: security has to answer vault. Valid until 2026-11-26 08:30 UTC.',
    blocks: [{ type: 'header' }, { type: 'section' }, { type: 'context' }],
  });
  expect(body).not.toMatch(/<|fact-in-a-reason|no answer|very-secret|hook-key/);
});

test('what is told names who has to act, and what comes next', async () => {
  await using run = await makeRunFolder({ people: [testPerson('ada', ['engineering'])] });
  const said = (...told: Parameters<typeof newsOf>[1][]) => told.map((one) => newsOf(run.statement, one));
  const missing = [{ role: 'engineering', count: 2 }];
  const texts = said(
    { event: 'waiting', missing },
    { event: 'expiring', missing },
    { event: 'expiring', missing: [] },
    { event: 'rejected', missing: [], rejected: { by: 'Ada', reason: 'x'.repeat(400) } },
  ).map(({ text, next }) => [text, next]);
  const id = '20261125-083000-abcd';
  expect(texts).toEqual([
    [
      'Sample gate on Staging waits: still to sign: 2 × engineering. Valid until 2026-11-26 08:30 UTC.',
      `countersign gate sign ${id} --as PERSON`,
    ],
    [
      'Sample gate on Staging expires at 2026-11-26 08:30 UTC: still to sign: 2 × engineering.',
      `countersign gate sign ${id} --as PERSON`,
    ],
    [
      'Sample gate on Staging expires at 2026-11-26 08:30 UTC: it reads GO and is fully signed.',
      `countersign gate verify ${id} --for deploy --gate sample --ledger FILE`,
    ],
    [`Sample gate on Staging was rejected by Ada: ${'x'.repeat(299)}…`, `countersign gate show ${id}`],
  ]);
});

test('a target whose secret nobody can read is found before anything runs', () => {
  const declared = (secrets: object) =>
    notifyProblems({ notify: [webhook(), slack], secrets: secrets as Record<string, object> });
  expect(declared({ KEY: { env: 'KEY' }, URL: { file: 'url' } })).toEqual([]);
  expect(declared({ KEY: { generate: 32 } }).map(({ path, message }) => [path.join('.'), message])).toEqual([
    ['notify.0.secret', '`KEY` is made by the local stack, which has ended when people are told'],
    ['notify.1.url', 'the secret `URL` is not declared'],
  ]);
});
