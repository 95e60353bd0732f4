import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { filesMatching } from '../../config/glob.ts';
import { CountersignError, messageOf } from '../../errors.ts';
import { durationMs, findSyntaxError } from '../../sources/promql-syntax.ts';
import type { CheckContext } from '../define.ts';
import { isObject } from '../json.ts';

/** A rule as a file of the project writes it. */
export interface WrittenRule {
  file: string;
  type: 'alerting' | 'recording';
  name: string;
  query: string;
  forMs: number;
  keepFiringMs: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** Every rule of the files that the globs name. A glob that names none, and files without rules, are errors. */
export async function readRuleFiles(
  patterns: readonly string[],
  context: Pick<CheckContext, 'root' | 'resolve'>,
): Promise<WrittenRule[]> {
  const files = await filesMatching(context.root, patterns, 'rule file');
  const rules: WrittenRule[] = [];
  for (const file of files) {
    rules.push(...rulesOf(file, await readFile(context.resolve(file), 'utf8')));
  }
  if (rules.length === 0) throw new CountersignError('NO_DATA', 'the rule files hold no rule');
  return rules;
}

function rulesOf(file: string, text: string): WrittenRule[] {
  let content: unknown;
  try {
    content = parse(text);
  } catch (thrown) {
    throw invalid(file, messageOf(thrown));
  }
  const groups = isObject(content) ? content['groups'] : undefined;
  if (!Array.isArray(groups)) throw invalid(file, 'there is no list `groups`');
  return groups.flatMap((group: unknown) => {
    const rules = isObject(group) ? group['rules'] : undefined;
    if (!Array.isArray(rules)) throw invalid(file, 'a group has no list `rules`');
    return rules.map((rule: unknown) => readRule(file, rule));
  });
}

function readRule(file: string, rule: unknown): WrittenRule {
  if (!isObject(rule)) throw invalid(file, 'a rule is not a mapping');
  const { alert, record, expr } = rule;
  const name = alert ?? record;
  if (typeof name !== 'string' || (alert !== undefined && record !== undefined)) {
    throw invalid(file, 'a rule needs either `alert` or `record`');
  }
  const query = String(expr ?? '').trim();
  const wrong = findSyntaxError(query);
  if (wrong) throw invalid(file, `\`expr\` of \`${name}\` is not PromQL, at column ${wrong.column}`);
  return {
    file,
    type: alert === undefined ? 'recording' : 'alerting',
    name,
    query,
    forMs: waiting(file, name, rule['for']),
    keepFiringMs: waiting(file, name, rule['keep_firing_for']),
    labels: texts(rule['labels']),
    annotations: texts(rule['annotations']),
  };
}

function waiting(file: string, name: string, value: unknown): number {
  if (value === undefined || value === null || value === 0 || value === '0') return 0;
  const milliseconds = durationMs(String(value));
  if (milliseconds === undefined) throw invalid(file, `\`${value}\` of \`${name}\` is not a duration`);
  return milliseconds;
}

function texts(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, String(each)]));
}

function invalid(file: string, why: string): CountersignError {
  return new CountersignError('CONFIG_INVALID', `${file} is no rule file: ${why}`, { where: { file } });
}
