import { randomUUID } from 'node:crypto';
import { access, chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface RunnableAlertmanager {
  path: string;
  /** Working folder that the program needs, where it needs one. */
  cwd?: string;
}

const installed = '/usr/share/prometheus/alertmanager';

/**
 * Debian builds Alertmanager to read its templates from /usr/share, so that one that was only unpacked does not
 * start. A copy beside it looks for them below its working folder instead: the same path without the first slash,
 * and one at the end to keep the length.
 */
export async function runnableAlertmanager(
  path: string,
  installedTemplate = join(installed, 'default.tmpl'),
): Promise<RunnableAlertmanager> {
  const root = dirname(dirname(dirname(path)));
  const own = join(root, installed, 'default.tmpl');
  if (root === '/' || (await exists(installedTemplate)) || !(await exists(own))) return { path };
  const copy = `${path}-unpacked`;
  if (!(await exists(copy))) {
    const program = await readFile(path);
    for (let at = program.indexOf(installed); at !== -1; at = program.indexOf(installed, at + 1)) {
      program.write(`${installed.slice(1)}/`, at, 'latin1');
    }
    const fresh = `${copy}.${randomUUID()}`;
    await writeFile(fresh, program);
    await chmod(fresh, 0o755);
    await rename(fresh, copy);
  }
  return { path: copy, cwd: root };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
