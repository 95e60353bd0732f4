import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { bringPackage } from './published-package.ts';

const loglevel = {
  name: 'loglevel',
  version: '1.9.2',
  integrity:
    'sha512-HgMmCqIJSAKqo68l0rS2AanEWfkxaZ5wNiEFb5ggm08lDs9Xl2KxBlX3PTcaD2chBM1gXAYf491/M2Rv8Jwayg==',
};

describe('a published package', () => {
  let cache: string;
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'countersign-cache-'));
    vi.stubEnv('COUNTERSIGN_CACHE', cache);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(cache, { recursive: true, force: true });
  });

  it('is unpacked into the cache, as it was pinned', async () => {
    const folder = await bringPackage(loglevel);
    expect(folder.startsWith(cache)).toBe(true);
    expect(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))).toMatchObject({
      version: '1.9.2',
    });
    expect(await bringPackage(loglevel)).toBe(folder);
  });

  it('is refused, and leaves nothing behind, when it is not what was pinned', async () => {
    const other = { ...loglevel, integrity: loglevel.integrity.replace('HgMm', 'AAAA') };
    await expect(bringPackage(other)).rejects.toThrow('loglevel@1.9.2 is not what was pinned');
    expect(await readdir(join(cache, 'packages'))).toEqual([]);
  });
});
