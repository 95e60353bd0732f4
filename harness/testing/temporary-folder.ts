import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** All temporary folders of a test run lie in one, which goes with it, whatever a test leaves behind. */
export default async function setup(): Promise<() => Promise<void>> {
  const { env } = process;
  const before = env['TMPDIR'];
  const folder = await mkdtemp(join(tmpdir(), 'countersign-tests-'));
  // The database of the tests runs as another user where this one is root, and has to get to its data.
  await chmod(folder, 0o711);
  env['TMPDIR'] = folder;
  return async () => {
    if (before === undefined) delete env['TMPDIR'];
    else env['TMPDIR'] = before;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
}
