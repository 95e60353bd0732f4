import { CountersignError } from '../../errors.ts';
import type { JournalEntry } from '../../gate/journal.ts';
import type { Statement } from '../../report/schema.ts';
import { openStatement } from '../statement.ts';
import type { TrustedKeys } from '../trust.ts';
import { whyNotSay } from './rules.ts';
import { isSayingType, type OpenedSaying, type Saying, type SayingType, schemas } from './schema.ts';

export interface SpokenOf {
  sha256: string;
  statement: Statement;
}

/**
 * All that people have said about a report, in order. Each line after the freeze must be a signed statement about
 * this very report. What was said before an item was answered spoke of the report as it was then: comments and
 * revoked keys stay, anything else would have kept the item from being answered.
 */
export function readSaid(
  entries: readonly JournalEntry[],
  report: SpokenOf,
  keys: TrustedKeys,
): readonly Saying[] {
  const said: Saying[] = [];
  for (const entry of entries) {
    const earlier = entry.seq <= report.statement.predicate.journal.lines;
    const { type } = entry;
    if (isSayingType(type)) said.push(readOne(entry, type, { report, keys, before: said, earlier }));
    else if (!earlier)
      throw refusal(`line ${entry.seq} of the journal was added after the freeze and is no signed statement`);
  }
  return said;
}

interface Reading {
  report: SpokenOf;
  keys: TrustedKeys;
  before: readonly Saying[];
  earlier: boolean;
}

function readOne(entry: JournalEntry, type: SayingType, reading: Reading): Saying {
  const what = `line ${entry.seq} of the journal (${type})`;
  const { report, keys, before, earlier } = reading;
  const opened = openStatement(entry.data, schemas[type], keys, what);
  const { subject, predicate } = opened.value as OpenedSaying;
  const by = opened.signedBy;
  if (predicate.run !== report.statement.predicate.run.id) throw refusal(`${what} is about another run`);
  if (!earlier && subject[0]?.digest.sha256 !== report.sha256)
    throw refusal(`${what} is about another report`);
  if (earlier && type !== 'comment' && type !== 'revocation')
    throw refusal(`${what} is about the report as it was before an item was answered`);
  if (predicate.person !== by.person.id || predicate.key !== by.key.id)
    throw refusal(`${what} names another person than the one who signed it`);
  if (predicate.after !== undefined && predicate.after !== entry.prev)
    throw refusal(`${what} does not stand where it was said`);
  const saying = { type, line: entry.seq, name: by.person.name, earlier, ...predicate } as Saying;
  const reason = whyNotSay(saying, by, { statement: report.statement, keys, before });
  if (reason) throw refusal(`${what}: ${reason}`);
  return saying;
}

function refusal(message: string): CountersignError {
  return new CountersignError('REPORT_INVALID', message);
}
