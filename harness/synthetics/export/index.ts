import { nearest } from '../../config/validate.ts';
import { CountersignError } from '../../errors.ts';
import type { ExportTarget } from './define.ts';

type Load = () => Promise<{ target: ExportTarget }>;

/** One lazy, sorted line a target. */
const targets: Readonly<Record<string, Load>> = {
  blackbox: () => import('./blackbox/blackbox.ts'),
  checkly: () => import('./checkly/checkly.ts'),
  datadog: () => import('./datadog/datadog.ts'),
  gatus: () => import('./gatus/gatus.ts'),
  'k8s-cronjob': () => import('./k8s-cronjob/k8s-cronjob.ts'),
  newrelic: () => import('./newrelic/newrelic.ts'),
  openstatus: () => import('./openstatus/openstatus.ts'),
};

export const targetNames = Object.keys(targets);

/** The target of a name, or USAGE. */
export async function loadTarget(name: string): Promise<ExportTarget> {
  const load = Object.hasOwn(targets, name) ? targets[name] : undefined;
  if (load) return (await load()).target;
  const near = nearest(name, targetNames);
  throw new CountersignError('USAGE', `there is no target \`${name}\``, {
    hint: near ? `did you mean \`${near}\`?` : `targets: ${targetNames.join(', ')}`,
  });
}
