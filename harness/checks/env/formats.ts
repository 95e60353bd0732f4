import { CountersignError } from '../../errors.ts';
import type { EnvSettings } from './env.ts';
import type { Variables } from './from.ts';

/** Names of set variables whose value does not fit; the values themselves go no further than this function. */
export function malformedAmong(found: Variables, { formats, equals }: EnvSettings): string[] {
  const malformed = new Set<string>();
  for (const [name, pattern] of Object.entries(formats ?? {})) {
    const problem = patternProblem(pattern);
    if (problem) throw new CountersignError('CONFIG_INVALID', `the format of \`${name}\`: ${problem}`);
    const value = valueToJudge(found, name);
    if (value !== undefined && !whole(pattern).test(value)) malformed.add(name);
  }
  for (const [name, wanted] of Object.entries(equals ?? {})) {
    const value = valueToJudge(found, name);
    if (value !== undefined && value !== wanted) malformed.add(name);
  }
  return [...malformed];
}

function valueToJudge(found: Variables, name: string): string | undefined {
  const variable = found.get(name);
  if (!variable?.set) return undefined;
  if (variable.value !== undefined) return variable.value;
  throw new CountersignError(
    'NO_DATA',
    `\`${name}\` is set, but its value is not shown, so it cannot be judged`,
    {
      hint: 'list it under `required` or `secrets`, which need no value',
    },
  );
}

export function patternProblem(pattern: string): string | undefined {
  try {
    whole(pattern);
    return undefined;
  } catch {
    return `\`${pattern}\` is not a regular expression`;
  }
}

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`, 'su');
}
