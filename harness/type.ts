import type TypeBox from 'typebox';

export type { Static, TObject, TSchema } from 'typebox';

type Builders =
  | 'Any'
  | 'Array'
  | 'Boolean'
  | 'Integer'
  | 'Intersect'
  | 'Literal'
  | 'Null'
  | 'Number'
  | 'Object'
  | 'Optional'
  | 'Record'
  | 'String'
  | 'Tuple'
  | 'Union'
  | 'Unknown'
  | 'Unsafe';

type Schema = Record<string, unknown>;

/** Marks as TypeBox makes them: its own functions take these schemas, and `Object` takes those of TypeBox. */
function mark(schema: Schema, marks: Schema): Schema {
  for (const [name, value] of Object.entries(marks))
    Object.defineProperty(schema, name, { value, configurable: true, writable: true, enumerable: false });
  return schema;
}

const make = (kind: string, schema: Schema, options?: Schema): Schema =>
  mark({ ...schema, ...options }, { '~kind': kind });
const simple = (kind: string, type: string) => (options?: Schema) => make(kind, { type }, options);
const isOptional = (schema: Schema) => Object.hasOwn(schema, '~optional');

/**
 * The constructors of TypeBox that schemas here are made of, with its types. TypeBox itself is close to 700 modules,
 * and every command would load them: 130 ms, more than most of what a command does.
 */
export const Type = {
  Any: (options?: Schema) => make('Any', {}, options),
  Array: (items: Schema, options?: Schema) => make('Array', { type: 'array', items }, options),
  Boolean: simple('Boolean', 'boolean'),
  Integer: simple('Integer', 'integer'),
  Intersect: (allOf: Schema[], options?: Schema) => make('Intersect', { allOf }, options),
  Literal: (value: unknown, options?: Schema) =>
    make('Literal', { type: typeof value, const: value }, options),
  Null: simple('Null', 'null'),
  Number: simple('Number', 'number'),
  Object(properties: Record<string, Schema>, options?: Schema) {
    const required = Object.keys(properties).filter((name) => !isOptional(properties[name] ?? {}));
    const needs = required.length > 0 ? { required } : {};
    return make('Object', { type: 'object', ...needs, properties }, options);
  },
  Optional: (schema: Schema) =>
    mark(Object.defineProperties({}, Object.getOwnPropertyDescriptors(schema)) as Schema, {
      '~optional': true,
    }),
  Record: (key: Schema, value: Schema, options?: Schema) =>
    make(
      'Record',
      { type: 'object', patternProperties: { [String(key['pattern'] ?? '^.*$')]: value } },
      options,
    ),
  String: simple('String', 'string'),
  Tuple: (items: Schema[], options?: Schema) =>
    make('Tuple', { type: 'array', additionalItems: false, items, minItems: items.length }, options),
  Union: (anyOf: Schema[], options?: Schema) => make('Union', { anyOf }, options),
  Unknown: (options?: Schema) => make('Unknown', {}, options),
  Unsafe: (schema: Schema) => mark({ ...schema }, { '~unsafe': null }),
} as unknown as Pick<typeof TypeBox, Builders>;
