import { setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BadServer, startBadServer } from '../../testing/bad-server.ts';
import { makeAuthority } from '../../testing/certificates.ts';
import { probeContext } from '../../testing/probe-context.ts';
import type { HttpCheck } from '../check-schema.ts';
import { probe } from './probe.ts';

const day = 86_400_000;
const authority = makeAuthority(new Date(Date.now() + 3_650 * day));
setDefaultCACertificates([authority.cert]);

let server: BadServer;
let expiring: BadServer;
beforeAll(async () => {
  server = await startBadServer();
  const until = new Date(Date.now() + 5.5 * day);
  expiring = await startBadServer({ tls: authority.issue({ names: ['127.0.0.1'], until }) });
});
afterAll(() => Promise.all([server.close(), expiring.close()]));

async function reasonOf(path: string, check: Partial<HttpCheck> = {}): Promise<string> {
  const url = path.startsWith('/') ? `${server.url}${path}` : path;
  const { state, reason = '' } = await probe({ name: 'check', url, ...check }, probeContext());
  expect(state).toBe('failed');
  return reason
    .replaceAll(server.url, 'http://shop')
    .replaceAll(expiring.url, 'https://shop')
    .replace(/(?<![<\d])[\d,]+ ms/g, 'N ms')
    .replace(/\d{4}-\d\d-\d\d/g, 'DATE');
}

describe('what is said at three in the morning', () => {
  it('of a slow answer', async () => {
    expect(await reasonOf('/slow?ms=60', { success_criteria: [{ response_time_ms: '< 50' }] })).toBe(
      'GET http://shop/slow?ms=60 took N ms, expected <50 ms; the wait for the first byte alone took N ms',
    );
  });

  it('of a 500', async () => {
    expect(await reasonOf('/500', { success_criteria: [{ status_code: 200 }] })).toBe(
      'GET http://shop/500 answered 500 Internal Server Error, expected 200 (after N ms)',
    );
  });

  it('of a wrong body', async () => {
    expect(await reasonOf('/wrong-body', { success_criteria: [{ body_json: { '/status': 'ok' } }] })).toBe(
      'GET http://shop/wrong-body sent a body in which /status is "degraded", expected "ok" (after N ms)',
    );
  });

  it('of a wrong type', async () => {
    const criteria = [{ headers_contain: { 'Content-Type': 'application/json' } }];
    expect(await reasonOf('/wrong-type', { success_criteria: criteria })).toBe(
      'GET http://shop/wrong-type sent Content-Type "text/html", expected "application/json" in it (after N ms)',
    );
  });

  it('of a certificate that is about to expire', async () => {
    expect(await reasonOf(expiring.url, { success_criteria: [{ certificate_days: '> 14' }] })).toBe(
      'GET https://shop/ has a certificate that expires in 5 days, on DATE, expected >14 days (after N ms)',
    );
  });

  it('of a name that nobody knows', async () => {
    expect(await reasonOf('http://nowhere.invalid/health')).toBe(
      'GET http://nowhere.invalid/health found no host of the name nowhere.invalid (after N ms)',
    );
  });

  it('of a socket that is closed early, in the body and before it', async () => {
    expect(await reasonOf('/closed-early')).toBe(
      'GET http://shop/closed-early had the connection closed after 15 of 1,000 bytes of the body (after N ms)',
    );
    expect(await reasonOf('/hung-up')).toBe(
      'GET http://shop/hung-up had the connection closed before a word of an answer came (after N ms)',
    );
  });

  it('of a redirect loop', async () => {
    expect(await reasonOf('/loop', { follow: 10 })).toBe(
      'GET http://shop/loop was redirected in a circle: /loop → /loop-again → /loop (after N ms)',
    );
  });

  it('of a body without end, and of one that is small only while it is packed', async () => {
    expect(await reasonOf('/huge')).toBe(
      'GET http://shop/huge sent a body larger than 1,048,576 bytes (`max_bytes`), of unknown length; reading was stopped (after N ms)',
    );
    expect(await reasonOf('/bomb')).toMatch(
      /^GET http:\/\/shop\/bomb sent a body larger than 1,048,576 bytes \(`max_bytes`\), unpacked from [\d,]+ bytes; reading was stopped \(after N ms\)$/,
    );
  });

  it('of an answer that never comes, or never ends', async () => {
    expect(await reasonOf('/never', { timeout: '100ms' })).toBe(
      'GET http://shop/never was not done within 100ms: it waited for the first byte of the answer',
    );
    expect(await reasonOf('/headers-only', { timeout: '100ms' })).toBe(
      'GET http://shop/headers-only was not done within 100ms: it waited for the rest of the answer after 0 bytes of 10',
    );
  });

  it('of several things at once, in the order of the criteria', async () => {
    const criteria = [{ status_code: 200 }, { body_contains: 'ok' }];
    expect(await reasonOf('/500', { success_criteria: criteria })).toBe(
      'GET http://shop/500 answered 500 Internal Server Error, expected 200; and sent a body without "ok" (it begins out of memory) (after N ms)',
    );
  });
});
