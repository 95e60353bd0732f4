import { nearest, problemsOf, schemaErrors } from '../config/validate.ts';
import { invalid, type Path, type YamlFile } from '../config/yaml.ts';
import type { Problem } from '../errors.ts';
import type { ProbeType } from './criteria-schema.ts';
import { checkSchemas, criteriaNames, fileSchema } from './published-schema.ts';
import type { SyntheticsFile } from './schema.ts';

const types = Object.keys(checkSchemas) as ProbeType[];

/**
 * The file if it fits. Each check is held against the schema of its own type: a union of all types would
 * complain of what the others lack.
 */
export function validateSynthetics(yaml: YamlFile): SyntheticsFile {
  const problems = problemsOf(yaml, schemaErrors(fileSchema, yaml.value), []);
  if (problems.length > 0) throw invalid(problems);
  const file = yaml.value as SyntheticsFile;
  const found = file.checks.flatMap((check, index) => checkProblems(check, index, yaml));
  found.push(...duplicateNames(file, yaml));
  if (found.length > 0) throw invalid(found);
  return file;
}

function checkProblems(check: SyntheticsFile['checks'][number], index: number, yaml: YamlFile): Problem[] {
  const { type = 'http', name = `number ${index + 1}` } = check;
  const known = types.find((each) => each === type);
  if (known) {
    const strange = [
      ...strangeCriteria(known, check, ['checks', index], yaml),
      ...strangeTurns(check, ['checks', index], yaml),
    ];
    if (strange.length > 0) return strange;
    const errors = schemaErrors(checkSchemas[known], check, `the check \`${name}\``);
    return problemsOf(yaml, errors, ['checks', index]);
  }
  const near = nearest(type, types);
  return [
    {
      code: 'CONFIG_INVALID',
      message: `there is no type of check \`${type}\``,
      where: yaml.place(['checks', index, 'type']),
      hint: near ? `did you mean \`${near}\`?` : `known: ${types.join(', ')}`,
    },
  ];
}

/** Said apart, since to the schema such a criterion is one of many that lacks its own key. */
function strangeCriteria(type: ProbeType, check: object, path: Path, yaml: YamlFile): Problem[] {
  const { success_criteria: criteria, steps } = check as { success_criteria?: unknown; steps?: unknown };
  const inSteps = listOf(steps).flatMap((step, index) =>
    strangeCriteria('http', step, [...path, 'steps', index], yaml),
  );
  const own = listOf(criteria).flatMap((criterion, index) =>
    strangeKeys(criterion, criteriaNames[type], [...path, 'success_criteria', index], yaml).concat(
      Object.keys(criterion).length > 1 ? [severalInOne([...path, 'success_criteria', index], yaml)] : [],
    ),
  );
  return [...own, ...inSteps];
}

const turnKeys = ['send', 'expect', 'capture', 'within', 'close', 'closed'];

function strangeTurns(check: object, path: Path, yaml: YamlFile): Problem[] {
  const { conversation } = check as { conversation?: unknown };
  return listOf(conversation).flatMap((turn, index) =>
    strangeKeys(turn, turnKeys, [...path, 'conversation', index], yaml),
  );
}

function strangeKeys(object: object, known: readonly string[], path: Path, yaml: YamlFile): Problem[] {
  const what = path.at(-2) === 'conversation' ? 'turn' : 'criterion';
  return Object.keys(object).flatMap((name) => {
    if (known.includes(name)) return [];
    const near = nearest(name, known);
    return [
      {
        code: 'CONFIG_INVALID' as const,
        message: `there is no ${what} \`${name}\` here`,
        where: yaml.keyPlace([...path, name]),
        hint: near ? `did you mean \`${near}\`?` : `known: ${known.join(', ')}`,
      },
    ];
  });
}

function severalInOne(path: Path, yaml: YamlFile): Problem {
  return {
    code: 'CONFIG_INVALID',
    message: 'there are several criteria in one',
    where: yaml.place(path),
    hint: 'give each a `- ` of its own',
  };
}

const listOf = (value: unknown): object[] =>
  Array.isArray(value) ? value.map((item) => Object(item) as object) : [];

function duplicateNames({ checks }: SyntheticsFile, yaml: YamlFile): Problem[] {
  const first = new Map<string, number>();
  return checks.flatMap(({ name }, index) => {
    const before = first.get(name);
    if (before === undefined) {
      first.set(name, index);
      return [];
    }
    const { line } = yaml.place(['checks', before, 'name']);
    return [
      {
        code: 'CONFIG_INVALID' as const,
        message: `there are two checks \`${name}\``,
        where: yaml.place(['checks', index, 'name']),
        hint: `the first stands in line ${line}; alerts and history are kept by name`,
      },
    ];
  });
}
