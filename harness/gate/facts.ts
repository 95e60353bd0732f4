import type { Environment, ObjectSchema } from '@marcbachmann/cel-js';
import { CountersignError } from '../errors.ts';

/** The part of JSON Schema that facts use, with `x-cel` for what JSON can't say. */
export interface FactSchema {
  type?: string;
  'x-cel'?: 'int' | 'timestamp' | 'dyn';
  properties?: Record<string, FactSchema>;
  required?: readonly string[];
  patternProperties?: Record<string, FactSchema>;
  additionalProperties?: boolean | FactSchema;
  items?: FactSchema;
  anyOf?: readonly FactSchema[];
}

/** Facts of JSON to values of CEL: integers to BigInt, instants to Date, each where the schema says so. */
export function toCel(schema: FactSchema, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  switch (celKind(schema)) {
    case 'int':
      return BigInt(value as string | number);
    case 'timestamp':
      return new Date(value as string);
    case 'list':
      return (value as unknown[]).map((item) => toCel(schema.items ?? {}, item));
    case 'object':
      return mapValues(value, (item, key) => toCel(schema.properties?.[key] ?? {}, item));
    case 'map':
      return mapValues(value, (item) => toCel(valueSchema(schema), item));
    case 'dyn':
      return fromJson(value);
    default:
      return value;
  }
}

/** JSON of unknown shape: whole numbers are ints, so that counting works without a decimal point. */
function fromJson(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'object' && value !== null) return mapValues(value, fromJson);
  return value;
}

/** Facts stand in the journal and in the report, which have to be read whole; what is larger is evidence. */
const MOST_FACTS = 8 * 1024 * 1024;

/** Deeper than this no reader of a report follows; what is around the facts takes some levels, too. */
const MOST_LEVELS = 64;

/** Facts as they will be kept: whoever judges the report again must read the very same values. */
export function factsAsJson(facts: unknown): Record<string, unknown> {
  refuseUnreadable(facts);
  const text = JSON.stringify(facts, (key, value: unknown) => {
    if (!['bigint', 'function', 'symbol'].includes(typeof value)) return value;
    throw new CountersignError(
      'INTERNAL',
      `the fact \`${key}\` is a ${typeof value}, which JSON can not hold`,
    );
  });
  if (text !== undefined && text.length > MOST_FACTS) {
    throw new CountersignError(
      'EVIDENCE_TOO_LARGE',
      `the facts are ${text.length} characters, over ${MOST_FACTS}`,
    );
  }
  const unusable = findUnusableNumber(facts);
  if (unusable !== undefined) {
    throw new CountersignError('NO_DATA', `the fact \`${unusable}\` is not a finite number`);
  }
  return JSON.parse(text ?? 'null') as Record<string, unknown>;
}

/** What a service answers may be JSON that a report can not hold: its item alone is an error then, not the report. */
function refuseUnreadable(value: unknown, around: readonly unknown[] = []): void {
  if (typeof value !== 'object' || value === null) return;
  if (around.includes(value)) throw new CountersignError('INTERNAL', 'the facts are a circular structure');
  if (around.length >= MOST_LEVELS) {
    throw new CountersignError('SOURCE_ANSWER', `the facts are nested deeper than ${MOST_LEVELS} levels`);
  }
  if (Object.hasOwn(value, '__proto__')) {
    throw new CountersignError('SOURCE_ANSWER', 'the facts have a key `__proto__`, which no report can hold');
  }
  const within = [...around, value];
  for (const item of Object.values(value)) refuseUnreadable(item, within);
}

/** The path of the first NaN or Infinity, which JSON can't hold and no verdict may rest on. */
export function findUnusableNumber(value: unknown, path = ''): string | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : path;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = findUnusableNumber(item, path ? `${path}.${key}` : key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The CEL type of a schema, registering a named type for each object on the way. */
export function celType(schema: FactSchema, name: string, environment: Environment): string {
  switch (celKind(schema)) {
    case 'int':
      return 'int';
    case 'timestamp':
      return 'google.protobuf.Timestamp';
    case 'list':
      return `list<${celType(schema.items ?? {}, `${name}_item`, environment)}>`;
    case 'map':
      return `map<string, ${celType(valueSchema(schema), `${name}_value`, environment)}>`;
    case 'object': {
      const fields = mapValues(schema.properties, (field, key) =>
        celType(field as FactSchema, `${name}_${key}`, environment),
      );
      environment.registerType(name, { fields: fields as ObjectSchema } as never);
      return name;
    }
    case 'plain':
      return { string: 'string', boolean: 'bool', number: 'double' }[schema.type ?? ''] ?? 'dyn';
    default:
      return 'dyn';
  }
}

function celKind(schema: FactSchema): 'int' | 'timestamp' | 'list' | 'object' | 'map' | 'dyn' | 'plain' {
  if (schema['x-cel']) return schema['x-cel'];
  if (schema.type === 'integer') return 'int';
  if (schema.type === 'array') return 'list';
  if (schema.type === 'object') {
    const named = Object.keys(schema.properties ?? {}).length > 0;
    return named && !schema.patternProperties ? 'object' : 'map';
  }
  return schema.type === undefined ? 'dyn' : 'plain';
}

function valueSchema(schema: FactSchema): FactSchema {
  const [pattern] = Object.values(schema.patternProperties ?? {});
  return pattern ?? (typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {});
}

function mapValues(value: unknown, each: (item: unknown, key: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value ?? {}).map(([key, item]) => [key, each(item, key)]));
}
