import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { Options } from '../define.ts';
import { isObject, pointTo } from '../json.ts';

export const Match = Options({
  name: Type.String({ pattern: '^[a-z][a-z0-9_]*$', description: 'the fact is `matches.<name>`' }),
  regexp: Type.Optional(Type.String({ minLength: 1, description: 'regular expression over the whole line' })),
  field: Type.Optional(
    Type.String({ minLength: 1, description: 'JSON field: a name, or a JSON pointer such as /payload/id' }),
  ),
  equals: Type.Optional(
    Type.Union([Type.String(), Type.Number(), Type.Boolean()], { description: 'value of the field' }),
  ),
  like: Type.Optional(
    Type.String({ minLength: 1, description: 'regular expression over the field as text' }),
  ),
  min: Type.Optional(
    Type.Integer({ minimum: 0, description: 'fewer lines are a finding; default 1, with `max` 0' }),
  ),
  max: Type.Optional(Type.Integer({ minimum: 0, description: 'more lines are a finding' })),
});

export type Match = Static<typeof Match>;

/** One line, read once for all matchers. `json` is missing where the line is no JSON object. */
export interface ReadLine {
  text: string;
  json: Record<string, unknown> | undefined;
}

export function readLine(text: string): ReadLine {
  if (!text.startsWith('{')) return { text, json: undefined };
  try {
    const json: unknown = JSON.parse(text);
    return { text, json: isObject(json) ? json : undefined };
  } catch {
    return { text, json: undefined };
  }
}

export function limitsOf({ min, max }: Match): { min: number; max: number } {
  return { min: min ?? (max === 0 ? 0 : 1), max: max ?? Number.POSITIVE_INFINITY };
}

/** The test of one matcher; throws CONFIG_INVALID for one that could match everything or nothing by mistake. */
export function compileMatch(match: Match): (line: ReadLine) => boolean {
  const problem = matchProblem(match);
  if (problem) throw new CountersignError('CONFIG_INVALID', `the match \`${match.name}\` ${problem}`);
  const { field, equals } = match;
  const regexp = match.regexp === undefined ? undefined : new RegExp(match.regexp, 'u');
  const like = match.like === undefined ? undefined : new RegExp(match.like, 'u');
  return (line) => {
    if (regexp && !regexp.test(line.text)) return false;
    if (field === undefined) return true;
    const value = line.json && fieldOf(line.json, field);
    if (value === undefined) return false;
    if (equals !== undefined && value !== equals) return false;
    return like === undefined || like.test(typeof value === 'string' ? value : JSON.stringify(value));
  };
}

export function matchProblem(match: Match): string | undefined {
  if (match.regexp === undefined && match.field === undefined) return 'needs `regexp` or `field`';
  if (match.field === undefined && (match.equals !== undefined || match.like !== undefined)) {
    return 'has `equals` or `like` without a `field`';
  }
  const { min, max } = limitsOf(match);
  if (min > max) return 'has a `min` over its `max`';
  for (const pattern of [match.regexp, match.like]) {
    if (pattern === undefined) continue;
    try {
      new RegExp(pattern, 'u');
    } catch {
      return `has \`${pattern}\`, which is not a regular expression`;
    }
  }
  return undefined;
}

/** Whether a line says anything of the value that a match judges: not one that lacks its field. */
export function isJudgedBy({ field, equals, like }: Match, { json }: ReadLine): boolean {
  if (field === undefined || (equals === undefined && like === undefined)) return true;
  return json !== undefined && fieldOf(json, field) !== undefined;
}

function fieldOf(json: Record<string, unknown>, field: string): unknown {
  if (field.startsWith('/')) return pointTo(json, field);
  return Object.hasOwn(json, field) ? json[field] : undefined;
}
