import { parseYaml } from '../config/yaml.ts';
import type { Check } from '../synthetics/definition.ts';
import type { Exportable } from '../synthetics/export/define.ts';
import { checkDefaults } from '../synthetics/load.ts';
import { validateSynthetics } from '../synthetics/validate.ts';

/** What exports get, from what a file says: held against the schemas, defaults filled in, without environments. */
export function exportable(file: Record<string, unknown>): Exportable {
  const text = JSON.stringify({ version: '1.0', ...file });
  const { checks, ...rest } = validateSynthetics(parseYaml(Buffer.from(text), 'checks.yml'));
  const empty = { type: 'http', active: true, tags: [], labels: {}, depends_on: [], maintenance: [] };
  return { ...rest, checks: checks.map((check) => ({ ...empty, ...checkDefaults, ...check }) as Check) };
}
