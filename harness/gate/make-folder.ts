import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing. `mkdir` with `recursive` does not end below /proc, and says
 * ENOENT of a disk that can only be read; here each step is made by itself, and says what refused it.
 */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, mode);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    const above = dirname(path);
    if (code === 'ENOENT' && !(await isFolder(above)) && above !== path) {
      await makeFolder(above, mode);
      await makeFolder(path, mode);
    } else if (code === 'ENOENT' || !(await isFolder(path))) throw thrown;
  }
}

const isFolder = (path: string) =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
