import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, fillOnce } from '../tools/cache.ts';
import { mustRun } from '../tools/run.ts';

export interface PublishedPackage {
  name: string;
  version: string;
  /** `sha512-…`, as the registry has it. */
  integrity: string;
  /** Others that it needs to be loaded, beside it under its own `node_modules`. */
  with?: readonly PublishedPackage[];
}

const downloadMs = 5 * 60_000;

/**
 * Folder of a published package as it is, unpacked into the cache and never installed: its dependencies and its
 * scripts stay out. A registry that does not have it, or has another, is an error.
 */
export async function bringPackage(wanted: PublishedPackage): Promise<string> {
  const { name, version, with: others = [] } = wanted;
  const title = `${name.replaceAll(/[@/]/g, '-')}-${version}`;
  const folder = join(cacheFolder(process.env), 'packages', title);
  await fillOnce(folder, async (temporary) => {
    await unpack(wanted, temporary, temporary);
    for (const each of others) {
      await unpack(each, temporary, join(temporary, 'package', 'node_modules', each.name));
    }
  });
  return join(folder, 'package');
}

async function unpack(wanted: PublishedPackage, temporary: string, into: string): Promise<void> {
  const { name, version, integrity } = wanted;
  const options = { cwd: temporary, timeoutMs: downloadMs };
  await mustRun('npm', ['pack', `${name}@${version}`, '--silent', '--ignore-scripts'], options);
  const archive = (await readdir(temporary)).find((entry) => entry.endsWith('.tgz'));
  if (!archive) throw new Error(`npm pack ${name}@${version} left no archive`);
  const path = join(temporary, archive);
  const digest = createHash('sha512')
    .update(await readFile(path))
    .digest('base64');
  if (integrity !== `sha512-${digest}`) throw new Error(`${name}@${version} is not what was pinned`);
  await mkdir(into, { recursive: true });
  const strip = into === temporary ? [] : ['--strip-components=1'];
  await mustRun('tar', ['-xzf', path, '-C', into, ...strip], options);
  await rm(path);
}
