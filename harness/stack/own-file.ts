import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Path of a program of this folder, whether it runs from TypeScript or from the built package. */
export function ownFile(name: string): string {
  return fileURLToPath(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url));
}
