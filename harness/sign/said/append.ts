import { join } from 'node:path';
import { Journal } from '../../gate/journal.ts';
import type { Signer } from '../keys.ts';
import type { Examined } from '../verify/finding.ts';
import { makeSaying } from './make.ts';
import type { Words } from './schema.ts';

/** Signs what a person says and adds it to the journal. The caller holds the run and has checked that they may. */
export async function appendSaying(
  { options, report }: Examined,
  signer: Signer,
  person: string,
  words: Words,
): Promise<void> {
  const clock = { now: () => options.now, monotonic: () => 0 };
  const { journal } = await Journal.open(join(options.folder, 'journal.jsonl'), clock);
  try {
    const speech = { person, at: options.now, after: journal.head.hash };
    await journal.append(words.type, await makeSaying(signer, report, words, speech));
  } finally {
    await journal.close();
  }
}
