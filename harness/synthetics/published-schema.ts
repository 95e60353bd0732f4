import { readFileSync } from 'node:fs';
import type { TSchema } from 'typebox';
import { type JsonSchema, surelyFits } from '../config/fits.ts';
import type { ProbeType } from './criteria-schema.ts';
import type { SyntheticsFile } from './schema.ts';

interface Published {
  properties: Record<string, object> & { checks: { items: { anyOf: Branch[] } } };
}

interface Branch extends TSchema {
  properties: {
    type: { const: ProbeType };
    success_criteria: { items: { anyOf: { properties: object }[] } };
  };
}

/**
 * The schema as it is published and generated from schema.ts, which a test holds equal: reading it costs a tenth of
 * loading what it is made with, at each start.
 */
const published = JSON.parse(
  readFileSync(new URL(import.meta.resolve('countersign/schemas/synthetics.schema.json')), 'utf8'),
) as Published;

const branches = published.properties.checks.items.anyOf;

/** The schema of each type of check. */
export const checkSchemas = Object.fromEntries(
  branches.map((branch) => [branch.properties.type.const, branch]),
) as unknown as Record<ProbeType, TSchema>;

/** Names of the criteria that each type of probe can judge. */
export const criteriaNames = Object.fromEntries(
  branches.map(({ properties: { type, success_criteria: criteria } }) => [
    type.const,
    criteria.items.anyOf.flatMap(({ properties }) => Object.keys(properties)),
  ]),
) as Record<ProbeType, string[]>;

/** The schema of a file, but for what its checks say: that is judged by the schema of each one's type. */
export const fileSchema: TSchema = {
  ...published,
  properties: {
    ...published.properties,
    checks: {
      type: 'array',
      minItems: 1,
      items: { type: 'object', properties: { type: { type: 'string' } } },
    },
  },
};

/** Is it surely a whole file? What is wrong with one that is not, the validator tells. */
export function isSurelyWhole(value: unknown): value is SyntheticsFile {
  if (!surelyFits(fileSchema as JsonSchema, value)) return false;
  const { checks } = value as SyntheticsFile;
  const names = new Set(checks.map(({ name }) => name));
  return (
    names.size === checks.length &&
    checks.every((check) => {
      const { type = 'http' } = check;
      return Object.hasOwn(checkSchemas, type) && surelyFits(checkSchemas[type] as JsonSchema, check);
    })
  );
}
