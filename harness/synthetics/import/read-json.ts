import { isObject, type JsonObject } from '../../checks/json.ts';
import { parseYaml } from '../../config/yaml.ts';
import { CountersignError } from '../../errors.ts';
import type { ImportedText } from '../export/define.ts';

/** The objects in a file as an API gives it: a list of them, one map with the list under a key, or a single one. */
export function readObjects({ file, text }: ImportedText, key?: string): JsonObject[] {
  const { value } = parseYaml(Buffer.from(text), file);
  const inside = isObject(value) && key !== undefined && Array.isArray(value[key]) ? value[key] : value;
  const list = Array.isArray(inside) ? inside : [inside];
  if (list.every(isObject)) return list;
  throw new CountersignError('CONFIG_INVALID', 'the file holds no list of objects', { where: { file } });
}
