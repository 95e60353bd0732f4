import { CountersignError } from '../errors.ts';
import { lockRun } from '../gate/run-folder.ts';
import type { Signer } from './keys.ts';
import { type ShownStanding, writeRendered } from './renderings.ts';
import { appendSaying } from './said/append.ts';
import { whyNotSay } from './said/rules.ts';
import type { Saying, SayingType, Words } from './said/schema.ts';
import type { TrustedKey } from './trust.ts';
import { checkSigners, readJournalOf } from './verify/binding.ts';
import type { Examined, VerifyOptions } from './verify/finding.ts';
import { checkApprovals, readSignatures } from './verify/people.ts';
import { examine, withRevocations } from './verify.ts';

export interface SayOptions
  extends Pick<VerifyOptions, 'folder' | 'signers' | 'now' | 'version' | 'recompute'> {
  /** Id in the signers file. */
  person: string;
  signer: Signer;
  words: Exclude<Words, { type: 'approval' }>;
}

/** What was said, and how people stand to the report now. */
export interface SayResult {
  saying: Saying;
  standing: ShownStanding & { said: readonly Saying[] };
}

/**
 * Adds one person's signed statement to the journal of a report. Unlike a signature it does not ask whether the
 * report is sound: whoever finds that it is not must be able to say so.
 */
export async function sayAbout(options: SayOptions): Promise<SayResult> {
  const release = await lockRun(options.folder);
  try {
    const examined = await examine(options);
    const before = await journalOf(examined);
    const signed = await readSignatures(examined);
    refuseUnlessMaySay(options, examined, before);
    await appendSaying(examined, options.signer, options.person, options.words);
    const said = await journalOf(examined);
    const { count } = checkApprovals(withRevocations(examined, said), signed, said);
    const standing = { ...count, said };
    await writeRendered(options.folder, examined.report, standing);
    const saying = said.at(-1);
    if (!saying) throw refusal('nothing was written');
    return { saying, standing };
  } finally {
    await release();
  }
}

/** What stands in the journal, by the signers that the report was made with; anything unsound is refused. */
export async function journalOf(examined: Examined): Promise<readonly Saying[]> {
  const { findings, said } = await readJournalOf(examined);
  const wrong = [...checkSigners(examined), ...findings].filter(({ ok }) => !ok);
  if (wrong.length > 0)
    throw new CountersignError('REPORT_INVALID', wrong.map(({ text }) => text).join('; '));
  return said;
}

function refuseUnlessMaySay(
  { person, signer, words, now, signers }: SayOptions,
  examined: Examined,
  before: readonly Saying[],
): void {
  const { file } = examined.report.statement.predicate.signers;
  const by = withRevocations(examined, before).keys.get(signer.keyid);
  if (!signers.parsed.people.some(({ id }) => id === person)) throw refusal(`${person} is nobody in ${file}`);
  if (!by) throw new CountersignError('KEY_UNKNOWN', `${signer.keyid} is nobody's key in ${file}`);
  if (by.person.id !== person) throw refusal(`this key belongs to ${by.person.id}, not to ${person}`);
  if (signer.unprotected && signers.parsed.rehearsal !== true)
    throw refusal('a key without a passphrase speaks in rehearsals only');
  const at = now.toISOString();
  const saying = draft(words, by, at);
  const { statement } = examined.report;
  const reason = whyNotSay(saying, by, { statement, keys: examined.keys, before });
  if (reason) throw refusal(reason);
}

/** The statement as a reader would find it. */
function draft(words: SayOptions['words'], { person, key }: TrustedKey, at: string): Saying {
  const who = { schema: 1, run: '', person: person.id, key: key.id, at, after: '' };
  return { ...who, ...words, line: 0, name: person.name, earlier: false } as Saying<
    Exclude<SayingType, 'approval'>
  >;
}

function refusal(message: string): CountersignError {
  return new CountersignError('SIGNING_REFUSED', message);
}
