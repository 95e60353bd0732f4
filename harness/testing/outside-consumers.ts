import { join } from 'node:path';
import { bringPythonPackages } from './python-packages.ts';

/** A Python with securesystemslib and xmlschema: strangers who read what we write. */
export function bringOutsideConsumers(): Promise<string> {
  const requirements = join(import.meta.dirname, 'outside-consumers.requirements.txt');
  return bringPythonPackages({ name: 'outside-consumers', requirements }, process.env, () => {});
}
