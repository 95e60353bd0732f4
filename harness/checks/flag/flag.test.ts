import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttp } from '../../sources/http.ts';
import { fakeClock, type TestContextOptions, testContext } from '../../testing/context.ts';
import { kindContract } from '../contract.ts';
import flag from './flag.ts';

type FlagOptions = Parameters<typeof flag.measure>[0];

let server: Server;
let url: string;
/** What each instance answers, by the first part of the path; without an entry it never answers. */
let documents: Record<string, unknown> = {};
beforeAll(async () => {
  server = createServer((request, response) => {
    const document = documents[request.url?.split('/')[1] ?? ''];
    if (document === 404) response.writeHead(404).end();
    else if (document !== undefined) response.end(JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

function context(options: TestContextOptions = {}, base = url) {
  const http = async (name = 'a') => createHttp({ name, url: `${base}/${name}`, clock: fakeClock() });
  return testContext({ ...options, sources: { http } });
}

const listed = (running: unknown, declared: unknown = false) => ({
  id: 'pod-7',
  flags: [
    { flag: 'OTHER', declared: 1, running: 2 },
    { flag: 'SYNC_ENABLED', declared, running },
  ],
});

const options: FlagOptions = {
  name: 'SYNC_ENABLED',
  path: '/flags',
  pointer: '/flags',
  fields: { name: '/flag', instance: '/id' },
};

const measure = async (given: Partial<FlagOptions> = {}) =>
  (await flag.measure({ ...options, ...given }, context())).facts;

describe('flag', () => {
  it('tells a flag that runs as declared', async () => {
    documents = { a: listed(false) };
    expect(await measure()).toEqual({
      name: 'SYNC_ENABLED',
      running: false,
      values: [false],
      mixed: false,
      drift: false,
      instances: [{ instance: 'pod-7', declared: false, running: false, drift: false }],
    });
  });

  it('tells a canary: one instance of two runs another value', async () => {
    documents = { a: listed(false), b: listed(true) };
    const facts = await measure({ sources: ['a', 'b'], fields: { name: '/flag' } });
    expect(facts).toMatchObject({
      values: [false, true],
      mixed: true,
      drift: true,
      instances: [
        { instance: 'a', running: false, drift: false },
        { instance: 'b', running: true, drift: true },
      ],
    });
    expect(facts).not.toHaveProperty('running');
  });

  it('believes the checklist rather than the route about the declared value', async () => {
    documents = { a: listed(true, true) };
    expect((await measure()).drift).toBe(false);
    expect((await measure({ declared: false })).drift).toBe(true);
  });

  it('reads a map of names to values too', async () => {
    documents = { a: { SYNC_ENABLED: 'on' } };
    expect(await measure({ pointer: '', fields: {}, declared: 'on' })).toMatchObject({
      running: 'on',
      drift: false,
    });
  });

  it.each([
    ['the flag is not there', { flags: [] }],
    ['the flag is there twice', { flags: [...listed(true).flags, ...listed(false).flags] }],
    ['the flag has no running value', listed(null)],
    ['nothing declares the value', listed(true, null)],
    ['there are no flags', {}],
    ['the route is not there', 404],
  ])('is an error, on whichever instance, when %s', async (_case, document) => {
    documents = { a: listed(false), b: document };
    await expect(measure({ sources: ['a', 'b'] })).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
  });
});

const withSecret = { ...options, headers: { authorization: '${secret.PLANTED}' } };

kindContract(flag, {
  working: {
    options: withSecret,
    makeContext: ({ secrets, signal, value }) => {
      documents = { a: listed(value, value) };
      return context({ secrets, signal });
    },
  },
  hanging: {
    options: withSecret,
    makeContext: ({ secrets, signal }) => {
      documents = {};
      return context({ secrets, signal });
    },
  },
  unreachable: {
    options: withSecret,
    makeContext: ({ secrets, signal }) => context({ secrets, signal }, 'http://127.0.0.1:1'),
  },
});
