import { CountersignError } from '../errors.ts';
import type { CheckContext, LintContext } from './define.ts';
import { isObject } from './json.ts';

const template = /\$\$\{|\$\{([^}]*)\}/g;
const known = /^(secret\.[A-Za-z_][A-Za-z0-9_-]*|vars\..+|run\.id|needs\.[a-z][a-z0-9-]*(\..+)+)$/;
const hint =
  'templates are ${secret.NAME}, ${vars.NAME}, ${run.id} and ${needs.ITEM.FACT}; write $${ for a plain ${';

/** Values that one kind adds for itself, such as what an earlier step captured: full name to text. */
export type OwnTemplates = ReadonlyMap<string, string>;

/**
 * Fills the templates of every string in `value`, deeply: keys stay as they are. Done when measuring, so that
 * the options in the report still read `${secret.NAME}`.
 */
export function interpolate<T>(value: T, context: CheckContext, own: OwnTemplates = new Map()): Promise<T> {
  return fillTemplates(value, (name) => lookUp(name, context, own));
}

/** The same with any names: `valueFor` gives what stands for `NAME` in `${NAME}`, or throws. */
export async function fillTemplates<T>(value: T, valueFor: (name: string) => Promise<string>): Promise<T> {
  if (!holdsTemplate(value)) return value;
  if (typeof value === 'string') return (await fill(value, valueFor)) as T;
  if (Array.isArray(value)) {
    return (await Promise.all(value.map((each) => fillTemplates(each, valueFor)))) as T;
  }
  const entries = Object.entries(value as object).map(async ([key, each]) => [
    key,
    await fillTemplates(each, valueFor),
  ]);
  return Object.fromEntries(await Promise.all(entries)) as T;
}

function holdsTemplate(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('${');
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsTemplate);
}

async function fill(text: string, valueFor: (name: string) => Promise<string>): Promise<string> {
  let out = '';
  let from = 0;
  for (const match of text.matchAll(template)) {
    out += text.slice(from, match.index);
    out += match[1] === undefined ? '${' : await valueFor(match[1].trim());
    from = match.index + match[0].length;
  }
  return out + text.slice(from);
}

async function lookUp(name: string, context: CheckContext, own: OwnTemplates): Promise<string> {
  const added = own.get(name);
  if (added !== undefined) return added;
  if (!known.test(name)) throw unknown(name);
  const [space = '', ...path] = name.split('.');
  if (space === 'secret') return context.secret(path.join('.'));
  if (space === 'run') return context.runId;
  if (space === 'needs') return fromNeed(name, path, context);
  const variable = context.environment.vars[path.join('.')];
  if (variable === undefined)
    throw unknown(name, `environment \`${context.environment.name}\` has no such variable`);
  return variable;
}

function fromNeed(name: string, [item = '', ...path]: string[], context: CheckContext): string {
  if (!Object.hasOwn(context.needs, item)) throw unknown(name, `this item does not need \`${item}\``);
  let value: unknown = context.needs[item];
  for (const key of path) {
    if (Array.isArray(value)) value = value[Number(key)];
    else value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }
  if (['string', 'number', 'boolean', 'bigint'].includes(typeof value)) return String(value);
  throw unknown(name, `the facts of \`${item}\` hold no single value there`);
}

function unknown(name: string, why = 'there is no such template'): CountersignError {
  return new CountersignError('CONFIG_INVALID', `\`\${${name}}\` cannot be filled: ${why}`, { hint });
}

/** Reports templates that no run could fill. `own` lists prefixes that the kind adds, such as `capture.`. */
export function lintTemplates(value: unknown, context: LintContext, own: readonly string[] = []): void {
  const visit = (at: unknown, path: (string | number)[]): void => {
    if (Array.isArray(at)) at.forEach((each, index) => void visit(each, [...path, index]));
    else if (isObject(at)) for (const [key, each] of Object.entries(at)) visit(each, [...path, key]);
    if (typeof at !== 'string') return;
    for (const [, raw] of at.matchAll(template)) {
      const name = raw?.trim();
      if (name === undefined || own.some((prefix) => name.startsWith(prefix))) continue;
      const variable = name.startsWith('vars.') ? name.slice('vars.'.length) : undefined;
      const missing =
        variable !== undefined && context.environment && !Object.hasOwn(context.environment.vars, variable);
      if (!known.test(name) || missing) context.report(path, `\`\${${name}}\` cannot be filled`, hint);
    }
  };
  visit(value, []);
}
