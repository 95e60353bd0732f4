import { createHash } from 'node:crypto';
import { parsePlainYaml } from '../config/plain-yaml.ts';
import { type Path, parseYaml, readYamlBytes, type YamlFile } from '../config/yaml.ts';
import type { Place } from '../errors.ts';
import type { Check, Definition } from './definition.ts';
import { isSurelyWhole } from './published-schema.ts';
import type { SyntheticsFile } from './schema.ts';

/** What holds for a check that does not say. */
export const checkDefaults = { interval: '60s', timeout: '10s', failure_threshold: 3 } as const;

/**
 * Reads a file of synthetic checks; everything that keeps it from meaning anything is thrown at once. A plain file is
 * read in a tenth of the time, and a second time, with positions, only when somebody asks where something stands.
 */
export async function loadSynthetics(path: string, shown = path): Promise<Definition> {
  const bytes = await readYamlBytes(path, shown);
  const parsed = once(() => parseYaml(bytes, shown));
  const plain = parsePlainYaml(bytes.toString('utf8'))?.value;
  const file = isSurelyWhole(plain) ? plain : (await import('./validate.ts')).validateSynthetics(parsed());
  return {
    ...file,
    file: shown,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    checks: file.checks.map(withDefaults),
    place: (at, offset) => placeOf(parsed(), at, offset),
    keyPlace: (at) => parsed().keyPlace(at),
  };
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Of a text in quotation marks the first character stands one column further; a text of several lines is one place. */
function placeOf({ place, bytes }: YamlFile, path: Path, offset?: number): Place {
  const at = place(path);
  if (offset === undefined || at.line === undefined || at.column === undefined) return at;
  const line = bytes.toString('utf8').split('\n')[at.line - 1] ?? '';
  const first = line[at.column - 1] ?? '';
  if ('|>&*'.includes(first)) return at;
  return { ...at, column: at.column + offset + ('"\''.includes(first) ? 1 : 0) };
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
