import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAlertmanager, until } from '../testing/prometheus.ts';
import { createAlertmanager } from './alertmanager.ts';

const config = `
route: { receiver: desk, routes: [{ matchers: ['severity="critical"'], receiver: pager }] }
receivers: [{ name: desk }, { name: pager }]
`;

let server: Awaited<ReturnType<typeof startAlertmanager>>;

beforeAll(async () => {
  server = await startAlertmanager(config);
});
afterAll(() => server?.stop());

describe('a real Alertmanager', () => {
  it('lists its receivers', async () => {
    const source = createAlertmanager({ name: 'am', url: server.url });
    expect((await source.receivers()).sort()).toEqual(['desk', 'pager']);
  });

  it('lists active alerts with where they go', async () => {
    const source = createAlertmanager({ name: 'am', url: `${server.url}/` });
    expect(await source.alerts()).toEqual([]);
    await fetch(`${server.url}/api/v2/alerts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify([{ labels: { alertname: 'Down', severity: 'critical' } }]),
    });
    await until(async () => (await source.alerts()).some(({ state }) => state === 'active'));
    expect(await source.alerts()).toMatchObject([
      { labels: { alertname: 'Down', severity: 'critical' }, state: 'active', receivers: ['pager'] },
    ]);
  });
});

describe('something else', () => {
  it.each([
    ['an object', '{}', 200],
    ['a page', '<html>', 200],
    ['an error', 'down', 503],
    ['a redirect', '', 307],
  ])('refuses %s', async (_name, body, status) => {
    const other = createServer((_request, response) => {
      response.writeHead(status, { location: '/elsewhere' }).end(body);
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const asked = createAlertmanager({ name: 'am', url }).alerts();
    await expect(asked).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
    other.close();
  });

  it('says that nobody answers', async () => {
    const asked = createAlertmanager({ name: 'am', url: 'http://127.0.0.1:1' }).alerts();
    await expect(asked).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
  });
});
