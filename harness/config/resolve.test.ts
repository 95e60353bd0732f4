import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Environment } from './environments.ts';
import { resolveEnvironment } from './resolve.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-resolve-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const stackState = { dir: '/stack', ports: { api: 4711 }, secrets: { MADE: 'made-by-the-stack' } };

async function resolved(
  given: Partial<Environment>,
  more: { env?: Record<string, string>; stack?: boolean } = {},
) {
  const secrets: string[] = [];
  const environment = { name: 'local', title: 'Local', rehearsal: true, ...given };
  const result = await resolveEnvironment(environment, {
    root,
    env: more.env ?? {},
    stackState: more.stack === false ? undefined : stackState,
    onSecret: (value) => secrets.push(value),
  });
  return { ...result, secrets };
}

test('ports, secrets, variables and the folder are filled in', async () => {
  const { text, secrets, view } = await resolved(
    { vars: { base: 'http://127.0.0.1:${port.api}' }, secrets: { KEY: { env: 'API_KEY' } } },
    { env: { API_KEY: 'k-$&-1' } },
  );
  expect(await text('${vars.base}/v1?key=${secret.KEY} ${dir}/log')).toBe(
    'http://127.0.0.1:4711/v1?key=k-$&-1 /stack/log',
  );
  expect(secrets).toEqual(['k-$&-1']);
  expect(view.vars).toEqual({ base: 'http://127.0.0.1:4711' });
});

test.each([
  'port.nowhere',
  'secret.NONE',
  'vars.none',
  'home',
  'vars',
  'vars.__proto__',
  'secret.constructor',
  '',
])('the unknown reference ${%s} is named', async (reference) => {
  const { text } = await resolved({});
  await expect(text(`a \${${reference}} b`)).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(`\${${reference}} is not known in the environment \`local\``),
  });
});

test('a port without a running stack says how to start it', async () => {
  const { text } = await resolved({}, { stack: false });
  await expect(text('${port.api}')).rejects.toMatchObject({
    code: 'SOURCE_UNREACHABLE',
    hint: expect.stringContaining('countersign stack up --env local'),
  });
});

test('a secret is read once, however many ask, and again after a failure', async () => {
  const counter = join(root, 'count');
  const command = ['/bin/sh', '-c', `echo x >> ${counter}; echo "s-$(wc -l < ${counter} | tr -d ' ')"`];
  const { secret, secrets } = await resolved({ secrets: { ONCE: { command }, LATE: { file: 'late' } } });
  expect(await Promise.all([secret('ONCE'), secret('ONCE'), secret('ONCE')])).toEqual(['s-1', 's-1', 's-1']);
  expect(secrets).toEqual(['s-1'].filter((value) => value.length >= 4));
  await expect(secret('LATE')).rejects.toThrow(/can't be read from late/);
  await writeFile(join(root, 'late'), 'in time\n');
  expect(await secret('LATE')).toBe('in time');
});

test('a secret that may be renewed is read again once it is old, and its new value is redacted too', async () => {
  const counter = join(root, 'renewed');
  const command = ['/bin/sh', '-c', `echo x >> ${counter}; echo "renewed-$(wc -l < ${counter} | tr -d ' ')"`];
  const { secret, secrets } = await resolved({
    secrets: { TOKEN: { command, renew: '1ms' }, YOUNG: { command, renew: '1h' } },
  });
  expect(await secret('TOKEN')).toBe('renewed-1');
  // Running a command takes longer than a millisecond.
  expect(await secret('YOUNG')).toBe('renewed-2');
  expect(await secret('TOKEN')).toBe('renewed-3');
  expect(await secret('YOUNG')).toBe('renewed-2');
  expect(secrets).toEqual(expect.arrayContaining(['renewed-1', 'renewed-3']));
});

test('a command that fails keeps what it printed to itself', async () => {
  const { secret } = await resolved({
    secrets: { KEY: { command: ['/bin/sh', '-c', 'echo hunter2; exit 3'] } },
  });
  const failure = await secret('KEY').catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({ code: 'SECRET_MISSING' });
  expect(String(failure)).toContain('the command `/bin/sh` failed (3)');
  expect(String(failure)).not.toContain('hunter2');
});

test('the password inside a URL is redacted on its own too, in both spellings', async () => {
  const { secret, secrets } = await resolved(
    { secrets: { URL: { env: 'DB' } } },
    { env: { DB: 'postgres://me:p%40ssword@db/x' } },
  );
  await secret('URL');
  expect(secrets).toEqual(['postgres://me:p%40ssword@db/x', 'p%40ssword', 'p@ssword']);
});

test('a password with a percent sign of its own is a password', async () => {
  const { secret } = await resolved(
    { secrets: { URL: { env: 'DB' } } },
    { env: { DB: 'postgres://me:100%word@db/x' } },
  );
  expect(await secret('URL')).toBe('postgres://me:100%word@db/x');
});

test('empty, missing and ungenerated secrets are refused', async () => {
  const { secret } = await resolved(
    { secrets: { EMPTY: { env: 'E' }, UNSET: { env: 'U' }, MADE_LATER: { generate: 16 } } },
    { env: { E: '' } },
  );
  await expect(secret('EMPTY')).rejects.toThrow(/`EMPTY` is empty/);
  await expect(secret('UNSET')).rejects.toThrow(/environment variable U, which is not set/);
  await expect(secret('MADE_LATER')).rejects.toThrow(/made by the local stack/);
  expect(await secret('MADE')).toBe('made-by-the-stack');
});

test('a variable may not hold a secret, because reports show variables', async () => {
  await expect(resolved({ vars: { url: 'x?k=${secret.MADE}' } })).rejects.toThrow(
    /`url` of `local` holds a secret/,
  );
});

test('a source comes with every string resolved, headers too', async () => {
  const { source, view } = await resolved({
    sources: {
      api: {
        kind: 'http',
        url: 'http://h:${port.api}',
        headers: { authorization: 'Bearer ${secret.MADE}' },
        simulated: true,
      },
    },
  });
  expect(await source('api')).toEqual({
    kind: 'http',
    url: 'http://h:4711',
    headers: { authorization: 'Bearer made-by-the-stack' },
    simulated: true,
  });
  await expect(source('other')).rejects.toMatchObject({ code: 'UNKNOWN_SOURCE' });
  expect(view.simulators).toEqual(['api']);
});

test('a password that stands in a URL is refused: the declaration is kept with every report', async () => {
  const url = (password: string) => ({
    sources: { db: { kind: 'postgres' as const, url: `postgres://app:${password}@db/app` } },
  });
  await expect(resolved(url('hunter22'))).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: 'the URL of the source `db` of `local` holds a password',
  });
  await expect(resolved(url('${secret.MADE}'))).resolves.toBeDefined();
});

test('secrets of variables and files are known for redaction before anyone asks; those of commands are not run', async () => {
  await writeFile(join(root, 'token'), 'from-a-file');
  const { secrets } = await resolved(
    {
      secrets: {
        A: { env: 'A' },
        B: { file: 'token' },
        C: { env: 'NOT_SET' },
        D: { command: [process.execPath, '-e', 'console.log("from-a-command")'] },
      },
    },
    { env: { A: 'from-a-variable' } },
  );
  expect(secrets.sort()).toEqual(['from-a-file', 'from-a-variable']);
});

test('`node` in the command of a secret is the one that runs us, whatever PATH has', async () => {
  const { secret } = await resolved(
    { secrets: { KEY: { command: ['node', '-p', 'process.version'] } } },
    { env: { PATH: '/nowhere' } },
  );
  expect(await secret('KEY')).toBe(process.version);
});
