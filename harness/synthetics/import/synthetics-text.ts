import { parseYaml } from '../../config/yaml.ts';
import { yamlText } from '../export/yaml-text.ts';
import type { SyntheticsFile } from '../schema.ts';
import { validateSynthetics } from '../validate.ts';

/** A file of checks as text. What is written can be loaded: a defect of an importer shows here, and not later. */
export function syntheticsText(file: SyntheticsFile, comment: string): string {
  const text = yamlText({ ...file, version: '1.0' }, { comment });
  validateSynthetics(parseYaml(Buffer.from(text), 'the imported checks'));
  return text;
}
