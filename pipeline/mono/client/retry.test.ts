import fc from 'fast-check';
import nock from 'nock';
import { describe, expect, it } from 'vitest';
import { callbackSecret, createTokenProvider } from '../token-provider.ts';
import { base, fetchAll, make, onePage, path, transactions, useNock, window } from './mocked-mono.ts';
import { retryAfterMs } from './retry.ts';
import { collect, testNow } from './testing.ts';

useNock();

describe('retries', () => {
  it('waits what `Retry-After` asks in seconds, and as a date', async () => {
    const at = new Date(testNow.getTime() + 11_000).toUTCString();
    transactions().reply(429, '', { 'retry-after': '7' });
    transactions().reply(503, '', { 'retry-after': at });
    transactions().reply(200, onePage);
    const test = make();
    await collect(test.client.pages(window));
    expect(test.slept).toEqual([7000, 11_000]);
  });

  it('does not sit out a very long wait but hands it on', async () => {
    transactions().reply(429, '', { 'retry-after': '3600' });
    const failure = { name: 'MonoRateLimitError', status: 429, retryAfterMs: 3_600_000 };
    await expect(fetchAll()).rejects.toMatchObject(failure);
  });

  it('backs off with full jitter, doubling, times the factor of the moment', async () => {
    transactions().times(3).reply(500);
    transactions().reply(200, onePage);
    const factors = [1, 1, 4];
    const test = make({ backoffFactor: () => factors.shift() ?? 1 });
    await collect(test.client.pages(window));
    expect(test.slept).toEqual([250, 500, 4000]);
  });

  it.each([Number.NaN, 0, -3, Number.POSITIVE_INFINITY])('takes a factor of %d for 1', async (factor) => {
    transactions().reply(500);
    transactions().reply(200, onePage);
    const test = make({ backoffFactor: () => factor });
    await collect(test.client.pages(window));
    expect(test.slept).toEqual([250]);
  });

  it('waits five minutes at most, whatever the factor', async () => {
    transactions().reply(500);
    transactions().reply(200, onePage);
    const test = make({ backoffFactor: () => 1e9 });
    await collect(test.client.pages(window));
    expect(test.slept).toEqual([150_000]);
  });

  it('reads any header as a wait or as none', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.nat().map(String), fc.date().map(String)), (header) => {
        const wait = retryAfterMs(header, testNow) ?? 0;
        expect(Number.isFinite(wait) && wait >= 0).toBe(true);
      }),
    );
  });

  it.each(['soon', '-5', '1.5', 'Wed'])('ignores a `Retry-After` of %j', async (header) => {
    transactions().reply(429, '', { 'retry-after': header });
    transactions().reply(200, onePage);
    const test = make();
    await collect(test.client.pages(window));
    expect(test.slept).toEqual([250]);
  });

  it('gives up after the retries it has, taking a turn of the rate limit for each attempt', async () => {
    transactions().times(3).reply(429);
    const test = make({ retries: 2 });
    await expect(collect(test.client.pages(window))).rejects.toMatchObject({ name: 'MonoRateLimitError' });
    expect(test.waits).toHaveLength(3);
  });

  it('stops waiting when the caller aborts', async () => {
    transactions().reply(500);
    const abort = new AbortController();
    const test = make({
      backoffFactor: () => {
        abort.abort(new Error('shutting down'));
        return 1;
      },
    });
    const pages = collect(test.client.pages({ ...window, signal: abort.signal }));
    await expect(pages).rejects.toThrow('shutting down');
  });
});

describe('the token', () => {
  const rotating = () => {
    const keys = ['test_sk_old', 'test_sk_new', 'test_sk_newer'];
    return createTokenProvider({ load: callbackSecret('the test', async () => keys.shift() ?? '') });
  };
  const withKey = (key: string) =>
    nock(base, { reqheaders: { 'mono-sec-key': key } })
      .get(path)
      .query(true);

  it('is refreshed once after a 401', async () => {
    withKey('test_sk_old').reply(401);
    withKey('test_sk_new').reply(200, onePage);
    expect(await fetchAll({ token: rotating() })).toHaveLength(1);
  });

  it('is not refreshed twice', async () => {
    withKey('test_sk_old').reply(401);
    withKey('test_sk_new').reply(401);
    const failure = { name: 'MonoAuthError', code: 'UNAUTHORISED', status: 401 };
    await expect(fetchAll({ token: rotating() })).rejects.toMatchObject(failure);
  });

  it('is not refreshed after a 403', async () => {
    transactions().reply(403, { status: 'failed', code: 'REAUTHORISATION_REQUIRED' });
    await expect(fetchAll()).rejects.toMatchObject({ code: 'REAUTHORISATION_REQUIRED', status: 403 });
  });
});
