import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttp } from '../../sources/http.ts';
import { fakeClock, type TestContextOptions, testContext } from '../../testing/context.ts';
import { kindContract } from '../contract.ts';
import env from './env.ts';

type EnvOptions = Parameters<typeof env.measure>[0];

let root: string;
let server: Server;
let url: string;
let settings: unknown = [];
let hang = false;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-env-'));
  server = createServer((_request, response) => {
    if (hang) return;
    response.end(JSON.stringify(settings));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(root, { recursive: true });
});

function context(options: TestContextOptions = {}, base = url) {
  const http = async (name?: string) => createHttp({ name: name ?? 'api', url: base, clock: fakeClock() });
  return testContext({ root, ...options, sources: { http } });
}

async function ofFile(name: string, text: string, options: Omit<EnvOptions, 'from'> & { from?: object }) {
  await writeFile(join(root, name), text);
  const used = context();
  const from = { file: name, ...options.from };
  return { ...(await env.measure({ ...options, from } as EnvOptions, used)), used };
}

describe('env', () => {
  it("reads a service's settings route without values", async () => {
    settings = {
      settings: [
        { name: 'API_KEY', set: true, source: 'env' },
        { name: 'PAGE_SIZE', set: true, source: 'default' },
        { name: 'DEBUG', set: false, source: 'default' },
      ],
    };
    const { facts } = await env.measure(
      {
        from: { http: { path: '/settings', pointer: '/settings', fields: { overridden: '/source' } } },
        required: ['PAGE_SIZE', 'REGION'],
        secrets: ['API_KEY'],
        overridden: ['API_KEY', 'PAGE_SIZE'],
        forbidden: ['DEBUG'],
      },
      context(),
    );
    expect(facts).toEqual({
      checked: 6,
      missing: ['REGION'],
      not_overridden: ['PAGE_SIZE'],
      forbidden_present: [],
      malformed: [],
      variables: [
        { name: 'API_KEY', set: true, overridden: true },
        { name: 'DEBUG', set: false, overridden: false },
        { name: 'PAGE_SIZE', set: true, overridden: false },
      ],
    });
  });

  it.each([
    ['export.env', '# export\nURL=https://a.test\nKEY="k1 k2"\nEMPTY=\n', {}],
    ['map.json', '{"URL": "https://a.test", "KEY": "k1 k2", "EMPTY": ""}', {}],
    [
      'list.json',
      '[{"env":{"key":"URL","value":"https://a.test"}},{"env":{"key":"KEY","value":"k1 k2"}},{"env":{"key":"EMPTY","value":""}}]',
      { fields: { name: '/env/key', value: '/env/value' } },
    ],
  ])("reads a platform's export: %s", async (name, text, from) => {
    const { facts, used } = await ofFile(name, text, {
      from,
      required: ['URL', 'EMPTY'],
      secrets: ['KEY'],
      formats: { URL: 'https://.*', KEY: '[a-z]+' },
      equals: { URL: 'https://b.test' },
    });
    expect(facts).toMatchObject({ missing: ['EMPTY'], malformed: ['KEY', 'URL'] });
    expect(JSON.stringify(facts) + [...used.artifacts.values()]).not.toMatch(/k1|a\.test/);
  });

  it('matches a format against the whole value', async () => {
    const { facts } = await ofFile('whole.env', 'A=x1\nB=1\n', { formats: { A: '[0-9]|y', B: '[0-9]|y' } });
    expect(facts.malformed).toEqual(['A']);
  });

  it('is an error where a format is demanded of a value that is not shown', async () => {
    settings = [{ name: 'PORT', set: true }];
    const options = { from: { http: { path: '/' } }, formats: { PORT: '[0-9]+' } };
    await expect(env.measure(options, context())).rejects.toMatchObject({ code: 'NO_DATA' });
  });

  it.each([
    ['no variable at all', [], 'NO_DATA'],
    ['no list', 'nothing', 'SOURCE_ANSWER'],
    ['an entry that does not say whether it is set', [{ name: 'A' }], 'SOURCE_ANSWER'],
    ['an entry without a name', [{ set: true }], 'SOURCE_ANSWER'],
    [
      'one variable twice',
      [
        { name: 'A', set: true },
        { name: 'A', set: false },
      ],
      'SOURCE_ANSWER',
    ],
  ])('is an error for %s', async (_case, document, code) => {
    settings = document;
    const options = { from: { http: { path: '/' } }, required: ['A'] };
    await expect(env.measure(options, context())).rejects.toMatchObject({ code });
  });

  it('finds a forbidden variable behind the mark of the byte order', async () => {
    const { facts } = await ofFile('mark.env', '\u{feff}DEBUG=1\r\nA=1\r\n', { forbidden: ['DEBUG'] });
    expect(facts.forbidden_present).toEqual(['DEBUG']);
  });

  it.each([
    ['one that is no UTF-8', Buffer.from('\u{feff}DEBUG=1\n', 'utf16le')],
    ['one with zeros in it', Buffer.from('DEBUG=1\n', 'utf16le')],
    ['one that names a variable twice', Buffer.from('DEBUG=1\nA=1\nexport DEBUG=\n')],
  ])('is an error for an export that can be read in two ways: %s', async (_case, bytes) => {
    await writeFile(join(root, 'odd.env'), bytes);
    const options = { from: { file: 'odd.env' }, forbidden: ['DEBUG'] };
    await expect(env.measure(options, context())).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
  });

  it("takes the harness's own variables on a rehearsal only", async () => {
    const options = { from: { process: true as const }, required: ['PATH'] };
    expect((await env.measure(options, context())).facts.missing).toEqual([]);
    const real = context({ environment: { rehearsal: false } });
    await expect(env.measure(options, real)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('reports broken formats, secrets in the checklist and empty demands when linting', async () => {
    const found: string[] = [];
    const report = (path: readonly (string | number)[], message: string) =>
      void found.push(`${path.join('.')}: ${message}`);
    const lint = (options: EnvOptions) => env.lint?.(options, { root, environment: undefined, report });
    await lint({ from: { file: 'x' }, formats: { A: '(' }, secrets: ['S'], equals: { S: 'value' } });
    await lint({ from: { file: 'x' } });
    expect(found).toEqual([
      'formats.A: `(` is not a regular expression',
      'equals.S: the secret `S` must not stand in a checklist',
      ': nothing is demanded of any variable',
    ]);
  });
});

const route = { http: { path: '/settings', headers: { authorization: 'Bearer ${secret.PLANTED}' } } };

kindContract(env, {
  working: {
    options: { from: route, secrets: ['KEY'], formats: { KEY: '[a-z]+' } },
    makeContext: ({ secrets, signal, value }) => {
      hang = false;
      settings = [{ name: 'KEY', value, overridden: value }];
      return context({ secrets, signal });
    },
  },
  hanging: {
    options: { from: route, required: ['A'] },
    makeContext: ({ secrets, signal }) => {
      hang = true;
      return context({ secrets, signal });
    },
  },
  unreachable: {
    options: { from: route, required: ['A'] },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }, 'http://127.0.0.1:1'),
  },
});
