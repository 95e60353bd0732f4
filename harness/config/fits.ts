/** A JSON Schema, as an object. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const annotations = new Set(['$schema', 'title', 'description', 'x-cel']);

/**
 * Does `value` surely fit? Told by reading the schema as it stands, which spares loading and compiling a validator where
 * nothing is wrong. `false` also where a keyword is not known here: then the validator decides.
 */
export function surelyFits(schema: JsonSchema, value: unknown): boolean {
  return Object.entries(schema).every(([keyword, wanted]) => {
    if (annotations.has(keyword)) return true;
    const check = Object.hasOwn(keywords, keyword) ? keywords[keyword] : undefined;
    return check?.(wanted as never, value, schema) ?? false;
  });
}

type Check = (wanted: never, value: unknown, schema: JsonSchema) => boolean;
type Fields = Readonly<Record<string, unknown>>;

const keywords: Readonly<Record<string, Check>> = {
  type: (wanted: string, value) => isOfType(wanted, value),
  const: (wanted: unknown, value) => typeof wanted !== 'object' && wanted === value,
  anyOf: (wanted: JsonSchema[], value) => wanted.some((branch) => surelyFits(branch, value)),
  allOf: (wanted: JsonSchema[], value) => wanted.every((part) => surelyFits(part, value)),
  required: (wanted: string[], value) =>
    isRecord(value) && wanted.every((name) => Object.hasOwn(value, name)),
  properties: (wanted: Record<string, JsonSchema>, value) =>
    isRecord(value) &&
    Object.entries(value).every(
      ([name, each]) => !Object.hasOwn(wanted, name) || surelyFits(wanted[name] ?? {}, each),
    ),
  patternProperties: (wanted: Record<string, JsonSchema>, value) =>
    isRecord(value) &&
    Object.entries(wanted).every(([pattern, schema]) =>
      Object.entries(value).every(([name, each]) => !regExp(pattern).test(name) || surelyFits(schema, each)),
    ),
  additionalProperties: (wanted: unknown, value, { properties = {}, patternProperties }) =>
    isRecord(value) &&
    (wanted === true ||
      (wanted === false &&
        patternProperties === undefined &&
        Object.keys(value).every((name) => Object.hasOwn(properties as object, name)))),
  items: (wanted: JsonSchema, value) =>
    Array.isArray(value) && value.every((item) => surelyFits(wanted, item)),
  minItems: (wanted: number, value) => Array.isArray(value) && value.length >= wanted,
  maxItems: (wanted: number, value) => Array.isArray(value) && value.length <= wanted,
  uniqueItems: (wanted: boolean, value) =>
    wanted &&
    Array.isArray(value) &&
    value.every((item) => typeof item === 'string') &&
    new Set(value).size === value.length,
  minimum: (wanted: number, value) => typeof value === 'number' && value >= wanted,
  maximum: (wanted: number, value) => typeof value === 'number' && value <= wanted,
  minLength: (wanted: number, value) => typeof value === 'string' && [...value].length >= wanted,
  maxLength: (wanted: number, value) => typeof value === 'string' && [...value].length <= wanted,
  pattern: (wanted: string, value) => typeof value === 'string' && regExp(wanted).test(value),
  format: (wanted: string, value) => wanted === 'date-time' && isInstant(value),
};

/** Of all that is a date and time, what is written here: an instant in UTC that the calendar has. */
function isInstant(value: unknown): boolean {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/.test(value)) return false;
  const time = new Date(value);
  return !Number.isNaN(time.getTime()) && time.toISOString().slice(0, 19) === value.slice(0, 19);
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case 'object':
      return isRecord(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'boolean':
    case 'number':
      return typeof value === type && !Number.isNaN(value);
    default:
      return false;
  }
}

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const patterns = new Map<string, RegExp>();

/** With `u`, as validators read patterns. */
function regExp(pattern: string): RegExp {
  const known = patterns.get(pattern) ?? new RegExp(pattern, 'u');
  patterns.set(pattern, known);
  return known;
}
