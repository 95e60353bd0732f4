import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from './cache.ts';
import { mustRun, runProgram } from './run.ts';

const downloadMs = 10 * 60_000;

export async function hasApt(): Promise<boolean> {
  return (await exists('/usr/bin/apt-get')) && (await exists('/usr/bin/dpkg-deb'));
}

/** Installs as root, when another process holds the lock after it. */
export async function installDebian(
  debian: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const settings = { timeoutMs: downloadMs, env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } };
  const common = ['-q', '-o', 'DPkg::Lock::Timeout=300'];
  const args = [...common, 'install', '-y', '--no-install-recommends', debian];
  if ((await runProgram('apt-get', args, settings)).code === 0) return;
  await mustRun('apt-get', [...common, 'update'], settings);
  await mustRun('apt-get', args, settings);
}

/** Downloads packages, which apt verifies, and unpacks them into a folder; nothing is installed. */
export async function unpackDebian(
  debians: readonly string[],
  cacheDir: string,
  into: string,
): Promise<void> {
  const downloads = join(into, 'downloads');
  await mkdir(downloads);
  await withLists(cacheDir, (lists) =>
    mustRun('apt-get', [...lists, 'download', '-q', ...debians], { cwd: downloads, timeoutMs: downloadMs }),
  );
  const files = (await readdir(downloads)).filter((file) => file.endsWith('.deb'));
  if (files.length < debians.length) throw new Error(`apt-get download left ${files.length} packages`);
  for (const file of files) {
    await mustRun('dpkg-deb', ['-x', join(downloads, file), into], { timeoutMs: downloadMs });
  }
  await rm(downloads, { recursive: true });
}

/** A package and whatever of its dependencies this machine lacks. Needs no root. */
export async function missingDebians(
  debian: string,
  cacheDir: string,
  options: readonly string[] = [],
): Promise<string[]> {
  const args = [
    'install',
    '--print-uris',
    '-qq',
    '-y',
    '--no-install-recommends',
    '-o',
    'Debug::NoLocking=1',
  ];
  const uris = await withLists(cacheDir, (lists) =>
    mustRun('apt-get', [...lists, ...options, ...args, debian], { timeoutMs: downloadMs }),
  );
  return [...uris.matchAll(/' ([a-z0-9.+-]+)_\S+\.deb /g)].map((match) => match[1] ?? '');
}

/** Tries the machine's package lists; where they do not do, fetches lists of its own, which needs no root. */
async function withLists<T>(cacheDir: string, work: (options: readonly string[]) => Promise<T>): Promise<T> {
  try {
    return await work([]);
  } catch {
    const lists = join(cacheDir, 'apt', 'lists');
    const cache = join(cacheDir, 'apt', 'cache');
    await mkdir(join(lists, 'partial'), { recursive: true });
    await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
    const own = ['-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache=${cache}`];
    await mustRun('apt-get', [...own, '-q', 'update'], { timeoutMs: downloadMs });
    return work(own);
  }
}

/** Starts an unpacked program with the libraries that were unpacked beside it. */
export async function writeLauncher(folder: string, name: string, program: string): Promise<void> {
  const lines = [
    '#!/bin/sh',
    'here=$(dirname "$(readlink -f "$0")")',
    'LD_LIBRARY_PATH="$here/usr/lib/$(uname -m)-linux-gnu:$here/usr/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"',
    'export LD_LIBRARY_PATH',
    '[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_PATH="$here/etc/fonts"',
    `exec "$here/${program}" "$@"`,
    '',
  ];
  await writeFile(join(folder, name), lines.join('\n'), { mode: 0o755 });
}
