import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Client } from 'pg';
import { CountersignError } from '../errors.ts';
import { exists } from '../tools/cache.ts';
import { findTool } from '../tools/find.ts';
import type { PartContext, StackPart } from './part.ts';
import type { ProcessSpec } from './processes.ts';
import { whenDone, whenReady } from './ready.ts';

const withinMs = 60_000;

/** An unprivileged user to run as: PostgreSQL refuses root. */
interface Runner {
  uid: number;
  gid: number;
}

/** A PostgreSQL that lives and dies with the stack: nothing of it is kept, so nothing of it is synced to disk. */
export function postgresPart(database: string): StackPart {
  return {
    name: 'postgres',
    needs: [],
    async start(context) {
      const url = new URL(context.values.secrets['DATABASE_URL'] ?? '');
      const place = await makePlace(context);
      await initialise(url, place, context);
      await serve(url, place, context);
      await ask(databaseUrl(url, 'postgres'), `create database ${quoted(database)}`);
    },
  };
}

/** Where a cluster lives and what it runs as. */
interface Place {
  home: string;
  binaries: string;
  runner: Runner | undefined;
}

async function makePlace({ work, root, env, processes }: PartContext): Promise<Place> {
  const runner = await runnerFor();
  const found = await findTool('postgres', { env, root });
  // Run state is closed to other users, so a cluster of another user lives outside.
  const isOutside = runner !== undefined && !(await isOpen(work));
  const home = isOutside ? await mkdtemp(join(tmpdir(), 'countersign-postgres-')) : join(work, 'postgres');
  if (isOutside) await processes.removeAtEnd(home);
  await mkdir(home, { recursive: true });
  await chmod(home, 0o755);
  const mayRun = runner === undefined || (await isOpen(found.path));
  return { home, runner, binaries: mayRun ? dirname(found.path) : await copyBinaries(found.path, home) };
}

function processOf({ home, runner }: Place, command: readonly string[]): ProcessSpec {
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  return { name: 'postgres', command, env, cwd: home, wave: 0, ...runner };
}

async function initialise(url: URL, place: Place, { processes, signal }: PartContext): Promise<void> {
  const { home, binaries, runner } = place;
  const data = join(home, 'data');
  const passwordFile = join(home, 'password');
  await mkdir(data, { mode: 0o700 });
  await writeFile(passwordFile, `${decodeURIComponent(url.password)}\n`, { mode: 0o600 });
  if (runner) await Promise.all([data, passwordFile].map((path) => chown(path, runner.uid, runner.gid)));
  const made = await processes.start(
    processOf(place, [
      join(binaries, 'initdb'),
      `--pgdata=${data}`,
      '--auth=scram-sha-256',
      `--username=${decodeURIComponent(url.username)}`,
      `--pwfile=${passwordFile}`,
      '--encoding=UTF8',
      '--locale=C',
      '--no-sync',
    ]),
  );
  await whenDone(made, { withinMs, signal });
  await rm(passwordFile);
}

async function serve(url: URL, place: Place, { processes, signal }: PartContext): Promise<void> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: url.port,
    unix_socket_directories: '',
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    max_connections: '200',
    timezone: 'UTC',
    log_timezone: 'UTC',
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = await processes.start({
    ...processOf(place, [join(place.binaries, 'postgres'), '-D', join(place.home, 'data'), ...flags]),
    // Immediate shutdown: no checkpoint of data that is thrown away.
    endSignal: 'SIGQUIT',
  });
  const probe = () => ask(databaseUrl(url, 'postgres'), 'select 1');
  await whenReady(server, { probe, withinMs, signal });
}

/** A PostgreSQL that somebody else runs: only asked whether it answers. */
export function foreignPostgresPart(): StackPart {
  return {
    name: 'postgres',
    needs: [],
    async start({ values, say }) {
      say('postgres: DATABASE_URL is set, so the stack starts none of its own');
      try {
        await ask(values.secrets['DATABASE_URL'] ?? '', 'select 1');
      } catch (cause) {
        throw new CountersignError('STACK_FAILED', 'the database of DATABASE_URL does not answer', { cause });
      }
    },
  };
}

function databaseUrl(url: URL, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

async function ask(connectionString: string, sql: string): Promise<void> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}

async function runnerFor(): Promise<Runner | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const wanted of ['postgres', 'nobody']) {
    const user = users.find(([name]) => name === wanted);
    if (user) return { uid: Number(user[2]), gid: Number(user[3]) };
  }
  throw new CountersignError(
    'STACK_FAILED',
    'PostgreSQL does not run as root, and there is no user to run it as',
    {
      hint: 'run as an ordinary user, or `useradd postgres`',
    },
  );
}

/** May any user pass through every folder above the path? */
async function isOpen(path: string): Promise<boolean> {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

async function copyBinaries(postgres: string, home: string): Promise<string> {
  const installation = dirname(dirname(postgres));
  const copy = join(home, 'installation');
  for (const part of ['bin', 'lib', 'share']) {
    const from = join(installation, part);
    if (await exists(from)) await cp(from, join(copy, part), { recursive: true, verbatimSymlinks: true });
  }
  return join(copy, 'bin');
}
