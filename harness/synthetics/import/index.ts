import { nearest } from '../../config/validate.ts';
import { CountersignError } from '../../errors.ts';
import type { Importer } from '../export/define.ts';

type Load = () => Promise<{ importer: Importer }>;

/** One lazy, sorted line a format. */
const importers: Readonly<Record<string, Load>> = {
  blackbox: () => import('./blackbox/blackbox.ts'),
  checkly: () => import('./checkly/checkly.ts'),
  datadog: () => import('./datadog/datadog.ts'),
  gatus: () => import('./gatus/gatus.ts'),
};

export const importerNames = Object.keys(importers);

/** The importer of a name, or USAGE. */
export async function loadImporter(name: string): Promise<Importer> {
  const load = Object.hasOwn(importers, name) ? importers[name] : undefined;
  if (load) return (await load()).importer;
  const near = nearest(name, importerNames);
  throw new CountersignError('USAGE', `there is no format \`${name}\``, {
    hint: near ? `did you mean \`${near}\`?` : `formats: ${importerNames.join(', ')}`,
  });
}
