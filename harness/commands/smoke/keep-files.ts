import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { CheckContext } from '../../checks/define.ts';
import { confine } from '../../config/project.ts';
import { collect, writeWhole } from '../../gate/evidence.ts';
import type { Redactor } from '../../gate/redact.ts';

export interface KeptFiles {
  id: string;
  folder: string;
  artifact: CheckContext['artifact'];
}

/** Files under their own names, for people to open; redacted like all evidence. */
export function keepFiles(parent: string, redactor: Redactor, now: Date): KeptFiles {
  const id = `${now.toISOString().replace(/[-:]|\.\d+/g, '')}-${randomBytes(3).toString('hex')}`;
  const folder = join(parent, id);
  return {
    id,
    folder,
    async artifact(given, content, mediaType = 'text/plain') {
      const name = redactor.text(given);
      const bytes = redactor.bytes(await collect(name, content));
      const path = confine(folder, name);
      await mkdir(dirname(path), { recursive: true });
      await writeWhole(path, bytes);
      return {
        name,
        mediaType,
        sha256: createHash('sha256').update(bytes).digest('hex'),
        bytes: bytes.length,
        text: async () => bytes.toString('utf8'),
      };
    },
  };
}

/** Whoever reads that the work failed finds what it left until then. */
export async function tellingWhere<T>(
  { folder }: KeptFiles,
  io: { cwd: string; say(line: string): void },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (existsSync(folder)) io.say(`kept in ${relative(io.cwd, folder)}`);
    throw thrown;
  }
}
