import { nearest, problemsOf, schemaErrors } from '../config/validate.ts';
import { invalid, type YamlFile } from '../config/yaml.ts';
import type { Problem } from '../errors.ts';
import { checkSchemas } from './check-schema.ts';
import { AroundChecksSchema, type SyntheticsFile } from './schema.ts';

const types = Object.keys(checkSchemas) as (keyof typeof checkSchemas)[];

/**
 * The file if it fits. Each check is held against the schema of its own type: a union of all types would
 * complain of what the others lack.
 */
export function validateSynthetics(yaml: YamlFile): SyntheticsFile {
  const problems = problemsOf(yaml, schemaErrors(AroundChecksSchema, yaml.value), []);
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
