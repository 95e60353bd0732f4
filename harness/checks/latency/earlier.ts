import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CountersignError } from '../../errors.ts';
import type { CheckContext } from '../define.ts';
import { type Comparable, type Planned, readEarlier, refuseUnlike } from './compare.ts';

const mostBytes = 64 * 1024 * 1024;

/**
 * A file of facts, or the folder of a run: facts.json where `latency run` kept it, report.json where a gate did.
 * Refuses a run that the planned one cannot be compared with.
 */
export async function readEarlierRun(
  path: string,
  planned: Planned,
  context: CheckContext,
): Promise<Comparable> {
  for (const file of [path, join(path, 'facts.json'), join(path, 'report.json')]) {
    const at = context.resolve(file);
    const found = await stat(at).catch(() => undefined);
    if (!found?.isFile()) continue;
    if (found.size > mostBytes) {
      throw new CountersignError('CONFIG_INVALID', `\`${file}\` is too large for a report`);
    }
    const earlier = readEarlier(await readFile(at, 'utf8'), file, {
      item: context.item,
      script: planned.script,
    });
    refuseUnlike(earlier, planned);
    await context.artifact('compared.json', JSON.stringify(earlier), 'application/json');
    return earlier;
  }
  throw new CountersignError(
    'CONFIG_MISSING',
    `\`${path}\` is neither a file of facts nor the folder of a run`,
  );
}
