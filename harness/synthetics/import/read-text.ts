import { isObject, type JsonObject } from '../../checks/json.ts';
import { parseYaml } from '../../config/yaml.ts';
import { CountersignError } from '../../errors.ts';
import type { ImportedText } from '../export/define.ts';

/** The map that a file of another monitor holds; throws CONFIG_INVALID with its place. */
export function readMap({ file, text }: ImportedText): JsonObject {
  const { value } = parseYaml(Buffer.from(text), file);
  if (isObject(value)) return value;
  throw new CountersignError('CONFIG_INVALID', 'the file holds no map', { where: { file } });
}

/** Throws CONFIG_INVALID: a file of checks has at least one. */
export function refuseNothing(count: number, texts: readonly ImportedText[], format: string): void {
  if (count > 0) return;
  throw new CountersignError('CONFIG_INVALID', `nothing in it can be a check`, {
    where: { file: texts.map(({ file }) => file).join(', ') },
    hint: `is it a configuration of ${format}?`,
  });
}

export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const mapsOf = (value: unknown): JsonObject[] => listOf(value).filter(isObject);
export const mapOf = (value: unknown): JsonObject => (isObject(value) ? value : {});
export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Each value of a map as text. */
export function textsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(mapOf(value)).map(([key, each]) => [key, String(each)]));
}
