import { join } from 'node:path';
import type { ResolvedEnvironment } from '../../config/resolve.ts';
import type { Exportable } from '../../synthetics/export/define.ts';
import { checkFile, rootAround } from '../../synthetics/ground.ts';
import { loadSynthetics } from '../../synthetics/load.ts';
import { resolveFor } from '../../synthetics/resolve.ts';
import type { Io } from '../command.ts';
import { projectEnvironment } from './project-environment.ts';

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
  const project = await resolvedEnvironment(root, io, environment);
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

async function resolvedEnvironment(
  root: string,
  io: Io,
  name: string | undefined,
): Promise<ResolvedEnvironment | undefined> {
  const found = await projectEnvironment(root, name);
  if (!found) return undefined;
  const { resolveEnvironment } = await import('../../config/resolve.ts');
  const { readState } = await import('../../stack/state.ts');
  const stackState = await readState(root, found.name);
  return resolveEnvironment(found, { root, env: io.env, stackState, onSecret: () => {} });
}
