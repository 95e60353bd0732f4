import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { namesZone } from '../config/zone.ts';
import type { Expectation } from '../report/schema.ts';
import { registerCalendar } from './cel-calendar.ts';
import { freePaths, strictName, unguardedAll, violators, withStrictCalls } from './expression.ts';
import { celType, type FactSchema, toCel } from './facts.ts';

/** What expectations may read: the facts of their item, and `needs` with the facts of the items it needs. */
export interface Subject {
  schema: FactSchema;
  facts: Readonly<Record<string, unknown>>;
  needs: Readonly<Record<string, NeededFacts>>;
}

export interface NeededFacts {
  schema: FactSchema;
  facts: Readonly<Record<string, unknown>>;
}

export interface ExpectationProblem {
  message: string;
  /** Offset in the expression. */
  offset: number;
  hint?: string;
}

const limits = { maxAstNodes: 2_000, maxDepth: 100, maxListElements: 1_000 };
const untyped = new Environment({ unlistedVariablesAreDyn: true, limits });
const plain = new Environment({ unlistedVariablesAreDyn: true });
// The library reads an empty text as 0: what nobody measured would equal nothing owed.
for (const name of ['int', 'uint']) {
  untyped.registerFunction(`${strictName(name)}(dyn): ${name}`, (value: unknown) => {
    if (value === '') throw new Error(`${name}() of an empty text`);
    return plain.evaluate(`${name}(value)`, { value }) as bigint;
  });
}
// The library reads a time without a zone as one of this machine: elsewhere the same facts would be judged differently.
untyped.registerFunction(`${strictName('timestamp')}(dyn): google.protobuf.Timestamp`, (value: unknown) => {
  if (typeof value === 'string' && !namesZone(value)) {
    throw new Error('timestamp() of a text that names no zone');
  }
  return plain.evaluate('timestamp(value)', { value }) as Date;
});
registerCalendar(untyped, strictName);
const typed = new WeakMap<FactSchema, Environment>();

/** Type-checks an expectation against a kind's facts before anything runs. */
export function checkExpectation(text: string, schema: FactSchema): ExpectationProblem | undefined {
  let environment = typed.get(schema);
  if (!environment) {
    environment = typedEnvironment(schema);
    typed.set(schema, environment);
  }
  const result = environment.check(text);
  if (!result.valid) return explainProblem(result.error, Object.keys(schema.properties ?? {}));
  if (result.type !== 'bool' && result.type !== 'dyn') {
    return {
      message: `it gives ${String(result.type)}, not true or false`,
      offset: 0,
      hint: 'compare it with something',
    };
  }
  const { ast } = environment.parse(text);
  if (freePaths(ast).length === 0) {
    return {
      message: 'it reads no fact, so it says the same whatever is measured',
      offset: 0,
      hint: `facts here: ${Object.keys(schema.properties ?? {}).join(', ')}`,
    };
  }
  const list = unguardedAll(ast);
  return list
    ? {
        message: `\`${list.text}.all(…)\` is true of an empty list`,
        offset: list.offset,
        hint: `write \`${list.text}.size() > 0 && ${list.text}.all(…)\``,
      }
    : undefined;
}

/** Judges one expectation. Anything that keeps it from being true or false is `error`, never `true`. */
export function evaluateExpectation(text: string, subject: Subject): Expectation {
  let operands: Expectation['operands'] = [];
  try {
    const context = contextOf(subject);
    const { ast } = untyped.parse(text);
    operands = freePaths(ast).map((node) => operandOf(node, context));
    const value = untyped.evaluate(withStrictCalls(text, ast), context);
    if (value === true) return { text, outcome: 'true', operands };
    if (value === false) {
      return {
        text,
        outcome: 'false',
        operands: [...operands, ...violators(ast).map((node) => operandOf(node, context))],
      };
    }
    return { text, outcome: 'error', operands, message: 'it gives neither true nor false' };
  } catch (thrown) {
    const { message, hint } = explainProblem(thrown, Object.keys(subject.schema.properties ?? {}));
    return { text, outcome: 'error', operands, message: hint ? `${message} (${hint})` : message };
  }
}

/** Names of the facts that an expectation reads, none of one that can't be parsed: `json` of `json.status == "ok"`. */
export function factsRead(text: string): string[] {
  try {
    return freePaths(untyped.parse(text).ast).map((path) => /^\w*/.exec(path.text)?.[0] ?? '');
  } catch {
    return [];
  }
}

const mostPrograms = 5_000;
const programs = new Map<string, (context: Record<string, unknown>) => unknown>();

/** Is it true, and nothing but true? For who judges often: compiled once, and silent about why it is not. */
export function isTrue(text: string, subject: Subject): boolean {
  try {
    let program = programs.get(text);
    if (!program) {
      program = untyped.parse(withStrictCalls(text, untyped.parse(text).ast));
      if (programs.size >= mostPrograms) programs.clear();
      programs.set(text, program);
    }
    return program(contextOf(subject)) === true;
  } catch {
    return false;
  }
}

function typedEnvironment(schema: FactSchema): Environment {
  const environment = new Environment({ unlistedVariablesAreDyn: false, limits });
  for (const [name, fact] of Object.entries(schema.properties ?? {})) {
    environment.registerVariable(name, celType(fact, `facts_${name}`, environment));
  }
  environment.registerVariable('needs', 'map<string, dyn>');
  return environment;
}

function contextOf({ schema, facts, needs }: Subject): Record<string, unknown> {
  return {
    ...(toCel(schema, facts) as Record<string, unknown>),
    needs: Object.fromEntries(
      Object.entries(needs).map(([id, need]) => [id, toCel(need.schema, need.facts)]),
    ),
  };
}

function operandOf(
  node: { text: string },
  context: Record<string, unknown>,
): { text: string; value: string } {
  try {
    return { text: node.text, value: show(untyped.evaluate(node.text, context)) };
  } catch {
    return { text: node.text, value: 'unknown' };
  }
}

function show(value: unknown): string {
  const text = toText(value);
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}

/** JSON text, with ints of any size as digits. */
function toText(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) return `[${value.map(toText).join(',')}]`;
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    return `{${Object.entries(value)
      .map(([key, item]) => `${JSON.stringify(key)}:${toText(item)}`)
      .join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

function explainProblem(thrown: unknown, known: readonly string[]): ExpectationProblem {
  const error = thrown as { message?: string; node?: ASTNode; range?: { start: number } };
  const message = (error.message ?? String(thrown)).split('\n')[0] ?? '';
  const offset = error.node?.pos ?? error.range?.start ?? 0;
  const absent = /^Unknown variable: (\w+)$/.exec(message)?.[1];
  if (absent !== undefined && known.includes(absent)) {
    return { message: `this measurement has no fact \`${absent}\``, offset };
  }
  if (message.startsWith('Unknown variable')) {
    return { message, offset, hint: `facts here: ${[...known, 'needs'].join(', ')}` };
  }
  if (/no such overload: .*(double.*int|int.*double)/.test(message)) {
    return { message, offset, hint: 'an int and a double do not mix: write 1.0 instead of 1, or double(x)' };
  }
  return { message, offset };
}
