import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedEnvironment } from '../../config/resolve.ts';
import type { Exportable } from '../../synthetics/export/define.ts';
import { checkFile, rootAround } from '../../synthetics/ground.ts';
import { loadSynthetics } from '../../synthetics/load.ts';
import { resolveFor } from '../../synthetics/resolve.ts';
import type { Io } from '../command.ts';

export interface ResolvedFile {
  root: string;
  /** Relative to the root. */
  file: string;
  definition: Exportable;
}

/** One file of checks as it is in one environment; nothing is probed, and no secret's value is needed. */
export async function resolvedFile(
  io: Io,
  named: string | undefined,
  environment: string | undefined,
): Promise<ResolvedFile> {
  const root = rootAround(io.cwd);
  const file = await checkFile(root, io.cwd, named);
  const loaded = await loadSynthetics(join(root, file), file);
  const project = await projectEnvironment(root, io, environment);
  // Values that are learnt on the way go nowhere: what is written names secrets only.
  const around = { root, env: io.env, project, onSecret: () => {} };
  const { checks } = await resolveFor(loaded, environment, around);
  const { alerting, maintenance } = loaded;
  return {
    root,
    file,
    definition: { checks, ...(alerting ? { alerting } : {}), ...(maintenance ? { maintenance } : {}) },
  };
}

async function projectEnvironment(
  root: string,
  io: Io,
  name: string | undefined,
): Promise<ResolvedEnvironment | undefined> {
  if (name === undefined || !existsSync(join(root, 'checklists', 'environments.yml'))) return undefined;
  const { readEnvironments } = await import('../../config/project.ts');
  const { all } = await readEnvironments(root);
  const found = Object.hasOwn(all, name) ? all[name] : undefined;
  if (!found) return undefined;
  const { resolveEnvironment } = await import('../../config/resolve.ts');
  const { readState } = await import('../../stack/state.ts');
  const stackState = await readState(root, name);
  return resolveEnvironment(found, { root, env: io.env, stackState, onSecret: () => {} });
}
