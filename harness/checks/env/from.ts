import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { env as ownEnvironment } from 'node:process';
import { parseEnv } from 'node:util';
import { CountersignError } from '../../errors.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, Options } from '../define.ts';
import { interpolate } from '../interpolate.ts';
import { isObject, pointTo } from '../json.ts';

const Pointer = Type.String({ pattern: '^(/.*)?$' });

const FieldsSchema = Options({
  name: Type.Optional({ ...Pointer, description: 'default /name' }),
  value: Type.Optional({ ...Pointer, description: 'default /value' }),
  set: Type.Optional({ ...Pointer, description: 'default /set' }),
  overridden: Type.Optional({
    ...Pointer,
    description: 'default /overridden; a text counts as overridden unless it is `default`',
  }),
});

const shape = {
  pointer: Type.Optional({
    ...Pointer,
    description: 'to the list or map of variables; default the document',
  }),
  fields: Type.Optional(FieldsSchema),
};

export const FromSchema = Type.Union([
  Options({
    http: Options({
      source: Type.Optional(Type.String()),
      path: Type.String({ minLength: 1 }),
      headers: Type.Optional(Type.Record(Type.String(), Type.String())),
      ...shape,
    }),
  }),
  Options({
    file: Type.String({ minLength: 1, description: "a platform's export: JSON, or NAME=value lines" }),
    ...shape,
  }),
  Options({
    process: Type.Literal(true, { description: "the harness's own; only where `rehearsal: true`" }),
  }),
]);

type From = Static<typeof FromSchema>;

export interface Variable {
  name: string;
  set: boolean;
  overridden: boolean;
  /** Only to judge formats; it never becomes a fact. */
  value: string | undefined;
}

export type Variables = ReadonlyMap<string, Variable>;

export async function readVariables(from: From, context: CheckContext): Promise<Variables> {
  const variables = await read(from, context);
  if (variables.length === 0) throw new CountersignError('NO_DATA', 'not a single variable was found there');
  const byName = new Map(variables.map((variable) => [variable.name, variable]));
  if (byName.size < variables.length) {
    throw new CountersignError(
      'SOURCE_ANSWER',
      'a variable is listed twice, so it is not known which one counts',
    );
  }
  return byName;
}

async function read(from: From, context: CheckContext): Promise<Variable[]> {
  if ('process' in from) return fromProcess(context);
  if ('file' in from) return fromFile(from, context);
  const { source, path, headers } = await interpolate(from.http, context);
  const http = await context.sources.http(source);
  const answer = await http.request({ path, headers: headers ?? {}, signal: context.signal });
  if (answer.status !== 200) {
    throw new CountersignError('SOURCE_ANSWER', `the settings route answered ${answer.status}, not 200`);
  }
  return fromDocument(answer.json(), from.http);
}

/** Elsewhere than on a rehearsal, what this process has says nothing about the service. */
function fromProcess({ environment }: CheckContext): Variable[] {
  if (!environment.rehearsal) {
    throw new CountersignError(
      'CONFIG_INVALID',
      `the harness's own variables say nothing about \`${environment.name}\``,
      { hint: "ask the service's settings route, or a platform's export" },
    );
  }
  return Object.entries(ownEnvironment).map(([name, value]) => fromText(name, value ?? ''));
}

async function fromFile(
  { file, ...shape }: Extract<From, { file: string }>,
  context: CheckContext,
): Promise<Variable[]> {
  const path = context.resolve(await interpolate(file, context));
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch {
    throw new CountersignError('CONFIG_MISSING', `the export \`${file}\` cannot be read`);
  }
  const text = textIn(bytes, file);
  return /^\s*[[{]/.test(text) ? fromDocument(parsed(text, file), shape) : fromLines(text);
}

/** Misread, a variable has another name: a forbidden one would not be found. */
function textIn(bytes: Buffer, file: string): string {
  if (isUtf8(bytes) && !bytes.includes(0)) return new TextDecoder().decode(bytes);
  throw new CountersignError('SOURCE_ANSWER', `the export \`${file}\` is not UTF-8 text`);
}

function fromLines(text: string): Variable[] {
  const variables = Object.entries(parseEnv(text)).map(([name, value]) => fromText(name, value ?? ''));
  const written = [...text.matchAll(/^[ \t]*(?:export[ \t]+)?([^\s=#]+)[ \t]*=/gm)].map(([, name]) => name);
  // Of a name that is written twice only the last value is parsed: the other one is found, too, and so refused.
  const again = variables.filter(({ name }) => written.filter((one) => one === name).length > 1);
  return [...variables, ...again];
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CountersignError(
      'SOURCE_ANSWER',
      `the export \`${file}\` is neither JSON nor NAME=value lines`,
    );
  }
}

function fromText(name: string, value: string): Variable {
  return { name, value, set: value !== '', overridden: value !== '' };
}

type Shape = Pick<Extract<From, { file: string }>, 'pointer' | 'fields'>;

function fromDocument(document: unknown, { pointer, fields = {} }: Shape): Variable[] {
  const at = pointTo(document, pointer ?? '');
  if (Array.isArray(at)) return at.map((entry) => fromEntry(entry, undefined, fields));
  if (isObject(at)) return Object.entries(at).map(([name, entry]) => fromEntry(entry, name, fields));
  throw new CountersignError('SOURCE_ANSWER', `there is no list or map of variables at \`${pointer ?? ''}\``);
}

function fromEntry(entry: unknown, key: string | undefined, fields: Static<typeof FieldsSchema>): Variable {
  if (key !== undefined && !isObject(entry)) return fromText(key, textOf(entry) ?? '');
  const name = pointTo(entry, fields.name ?? '/name') ?? key;
  if (typeof name !== 'string')
    throw new CountersignError('SOURCE_ANSWER', 'a variable in the list has no name');
  const value = textOf(pointTo(entry, fields.value ?? '/value'));
  const declared = pointTo(entry, fields.set ?? '/set');
  if (typeof declared !== 'boolean' && value === undefined) {
    throw new CountersignError('SOURCE_ANSWER', `nothing says whether \`${name}\` is set`, {
      hint: '`fields.set` or `fields.value` leads to what says it',
    });
  }
  const set = typeof declared === 'boolean' ? declared : value !== '';
  const overridden = pointTo(entry, fields.overridden ?? '/overridden');
  return {
    name,
    value,
    set,
    overridden: typeof overridden === 'string' ? overridden !== 'default' : overridden === true,
  };
}

function textOf(value: unknown): string | undefined {
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
}
