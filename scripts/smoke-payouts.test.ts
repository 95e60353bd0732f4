import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { runScript } from '#pipeline/testing/processes.ts';

it('N11: the smoke script names every variable that is missing, and exits 2', async () => {
  const { code, stderr } = await runScript('scripts/smoke-payouts.ts', [], {
    SERVICE_URL: 'http://127.0.0.1:9',
  });
  expect(code).toBe(2);
  expect(stderr).toBe(
    `smoke-payouts: PAYOUTS_USER_EMAIL, PAYOUTS_USER_PASSWORD, PAYOUTS_ADMIN_EMAIL, PAYOUTS_ADMIN_PASSWORD, TMONEY_WEBHOOK_SECRET required\n`,
  );
});

it('N11: a service that is too busy for a login is asked again; any other refusal ends it', async () => {
  const answers: [number, string][] = [
    [503, 'BUSY'],
    [401, 'INVALID_CREDENTIALS'],
  ];
  const server = createServer((request, response) => {
    request.resume();
    const [status, detail] = answers.shift() ?? [500, 'INTERNAL'];
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ detail }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { code, stdout } = await runScript('scripts/smoke-payouts.ts', [], {
    SERVICE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    PAYOUTS_USER_EMAIL: 'user@example.org',
    PAYOUTS_USER_PASSWORD: 'a password',
    PAYOUTS_ADMIN_EMAIL: 'admin@example.org',
    PAYOUTS_ADMIN_PASSWORD: 'a password',
    TMONEY_WEBHOOK_SECRET: 'a secret',
  }).finally(() => server.close());
  expect(JSON.parse(stdout)).toEqual({ problem: 'POST /v1/auth/login: 401 "INVALID_CREDENTIALS"' });
  expect(code).toBe(1);
});
