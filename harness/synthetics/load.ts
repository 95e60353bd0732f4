import { createHash } from 'node:crypto';
import { readYaml } from '../config/yaml.ts';
import type { Check, Definition } from './definition.ts';
import type { SyntheticsFile } from './schema.ts';
import { validateSynthetics } from './validate.ts';

/** What holds for a check that does not say. */
export const checkDefaults = { interval: '60s', timeout: '10s', failure_threshold: 3 } as const;

/** Reads a file of synthetic checks; everything that keeps it from meaning anything is thrown at once. */
export async function loadSynthetics(path: string, shown = path): Promise<Definition> {
  const yaml = await readYaml(path, shown);
  const file = validateSynthetics(yaml);
  return {
    ...file,
    file: shown,
    sha256: createHash('sha256').update(yaml.bytes).digest('hex'),
    checks: file.checks.map(withDefaults),
    place: yaml.place,
    keyPlace: yaml.keyPlace,
  };
}

function withDefaults(check: SyntheticsFile['checks'][number]): Check {
  const filled = {
    type: 'http',
    active: true,
    tags: [],
    labels: {},
    depends_on: [],
    maintenance: [],
    ...checkDefaults,
    ...check,
  };
  return filled as Check;
}
