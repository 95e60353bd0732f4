import nock from 'nock';
import { describe, expect, it } from 'vitest';
import { MonoError } from './errors.ts';
import { fetchAll, onePage, path, transactions, useNock } from './mocked-mono.ts';

useNock();

describe('answers that are refused', () => {
  const html = { 'content-type': 'text/html' };
  const json = { 'content-type': 'application/json' };
  it.each([
    ['HTML', '<h1>hello</h1>', html, 'NOT_JSON'],
    ['no content type', '{}', {}, 'NOT_JSON'],
    ['malformed JSON', '{"data":[', json, 'MALFORMED_JSON'],
    ['a bare list', '[]', json, 'SHAPE'],
    ['a 200 that says failed', '{"status":"failed","data":null}', json, 'REFUSED'],
    ['no list', '{"data":null}', json, 'SHAPE'],
    ['rows without paging', '{"data":[{}]}', json, 'SHAPE'],
    ['a total that is no count', '{"data":[],"meta":{"total":-1}}', json, 'SHAPE'],
  ])('%s', async (_name, body, headers, code) => {
    transactions().reply(200, body, headers);
    await expect(fetchAll()).rejects.toMatchObject({ name: 'MonoResponseError', code });
  });

  it('a body over the limit', async () => {
    transactions().reply(200, onePage);
    await expect(fetchAll({ maxBodyBytes: 100 })).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
  });

  it('a redirect, which is not followed', async () => {
    transactions().reply(302, '', { location: 'https://evil.example/' });
    await expect(fetchAll()).rejects.toMatchObject({ code: 'REDIRECT', status: 302 });
  });

  it.each([
    [400, 'MonoRequestError'],
    [402, 'MonoRequestError'],
    [404, 'MonoNotFoundError'],
    [409, 'MonoRequestError'],
  ])('status %i as %s, at once', async (status, name) => {
    transactions().reply(status, { status: 'failed', message: 'no' });
    await expect(fetchAll()).rejects.toMatchObject({ name, status });
  });
});

describe('secrets', () => {
  const hostile = `test_sk_simulator 0123456789 ${path}`;
  const secret = /test_sk|0123456789|66141b/;

  it.each([400, 401, 403, 404, 418, 429, 500])('are in no error, whatever a %i says', async (status) => {
    transactions().times(2).reply(status, { message: hostile, code: hostile });
    const error = await fetchAll({ retries: 1 }).catch((thrown: unknown) => thrown);
    nock.cleanAll();
    expect(error).toBeInstanceOf(MonoError);
    const shown = JSON.stringify(error, Object.getOwnPropertyNames(error));
    expect(shown).not.toMatch(secret);
  });

  it('are in no network error', async () => {
    transactions().replyWithError(Object.assign(new Error(hostile), { code: 'ECONNRESET', path: hostile }));
    const error = await fetchAll({ retries: 0 }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'MonoNetworkError', message: expect.stringContaining('ECONNRESET') });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toMatch(secret);
  });
});
