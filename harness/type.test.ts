import TypeBox from 'typebox';
import { expect, it } from 'vitest';
import { Type } from './type.ts';

type Any = typeof TypeBox;

/** A schema of each constructor, made by either. */
function samples(made: Pick<Any, keyof typeof Type>): Record<string, object> {
  const text = made.String({ minLength: 1, description: 'd' });
  return {
    any: made.Any(),
    array: made.Array(text, { minItems: 1 }),
    boolean: made.Boolean({ default: true }),
    integer: made.Integer({ minimum: 1 }),
    intersect: made.Intersect([made.Object({ a: text }), made.Object({ b: made.Optional(text) })]),
    literals: made.Union([made.Literal('a'), made.Literal(1), made.Literal(true), made.Null()]),
    number: made.Number(),
    closed: made.Object({ a: made.Optional(text), b: text }, { additionalProperties: false }),
    empty: made.Object({}),
    record: made.Record(made.String(), text, { description: 'r' }),
    patterned: made.Record(made.String({ pattern: '^[a-z]+$' }), made.Integer()),
    tuple: made.Tuple([made.Number(), made.String()]),
    unknown: made.Unknown({ 'x-cel': 'dyn' }),
    unsafe: made.Unsafe<string>({ type: 'string', enum: ['a'] }),
  };
}

/** Marks included, which JSON does not show. */
function whole(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.getOwnPropertyNames(value)
      .sort()
      .map((name) => [name, whole((value as Record<string, unknown>)[name])]),
  );
}

it.each(Object.keys(samples(Type)))('makes the schema that TypeBox makes: %s', (name) => {
  const [ours, theirs] = [samples(Type)[name], samples(TypeBox)[name]];
  expect(JSON.stringify(ours)).toBe(JSON.stringify(theirs));
  expect(whole(ours)).toEqual(whole(theirs));
});

it('takes the schemas of TypeBox, and TypeBox takes its own', () => {
  const mixed = Type.Object({ a: TypeBox.Optional(TypeBox.String()), b: TypeBox.String() });
  const other = TypeBox.Object({ a: Type.Optional(Type.String()), b: Type.String() });
  expect(mixed).toEqual(other);
  expect(other.required).toEqual(['b']);
});
