import { setTimeout as wait } from 'node:timers/promises';
import { type Applied, applyPlan } from '../../synthetics/deploy/apply.ts';
import type { Plan } from '../../synthetics/deploy/define.ts';
import { prepareDeployment } from '../../synthetics/deploy/index.ts';
import { planOf } from '../../synthetics/deploy/plan.ts';
import { exportable } from '../exportable.ts';

export interface Deployed {
  plan: Plan;
  applied: Applied[];
}

export interface DeployTest {
  to: string;
  /** Of a simulator; the service itself where it is left out. */
  url?: string;
  env: Record<string, string>;
  settings: Record<string, string>;
  signal?: AbortSignal;
  /** Gets every wait in place of the clock. */
  waits?: number[];
}

/** What `synthetics deploy` does, in this process and without a wait. */
export async function deployFile(
  { to, url, env, settings, signal = new AbortController().signal, waits = [] }: DeployTest,
  file: Record<string, unknown>,
  { prune = true, environment = 'production', id = 'checks' } = {},
): Promise<Deployed> {
  const definition = exportable(file);
  const deployment = await prepareDeployment({ to, definition, environment, id, settings });
  const pause = async (milliseconds: number) => {
    waits.push(milliseconds);
    await wait(0, undefined, { signal });
  };
  const connection = deployment.connect({ env, apiUrl: url, signal, pause });
  const plan = planOf(deployment.wanted, await connection.list(), deployment.service);
  const applied = await applyPlan(connection, plan.differences, { prune, onDone: () => {} });
  return { plan, applied };
}

export const kindsOf = ({ plan }: Deployed) => plan.differences.map(({ kind, check }) => `${kind} ${check}`);
