import { messageOf } from '../../errors.ts';
import { readJournal } from '../../gate/journal.ts';
import { ENVELOPE_FILE, hasRunFile, readRunFile } from '../../sign/folder.ts';
import { readSaid } from '../../sign/said/read.ts';
import type { Saying } from '../../sign/said/schema.ts';
import { sayingsOf, withdrawalsOfGo } from '../../sign/said/standing.ts';
import { journalOf } from '../../sign/say.ts';
import { sha256 } from '../../sign/statement.ts';
import { type ApprovalCount, trustedKeys } from '../../sign/trust.ts';
import { checkApprovals, readSignatures } from '../../sign/verify/people.ts';
import { examine, withRevocations } from '../../sign/verify.ts';
import type { Io } from '../command.ts';
import { type OpenRun, trustedSigners, verification } from './open-run.ts';

/** What people said about a run, each statement verified; or why nobody can tell here. */
export interface Spoken {
  said: readonly Saying[];
  problem?: string;
}

/** Reads the journal of a run with the signers file that the environment trusts. */
export async function saidOf(io: Io, { folder, statement }: OpenRun, signersFile?: string): Promise<Spoken> {
  try {
    const entries = readJournal(await readRunFile(folder, 'journal.jsonl'));
    if (entries.length === statement.predicate.journal.lines) return { said: [] };
    const { parsed } = await trustedSigners(io, statement, signersFile);
    const report = { sha256: sha256(await readRunFile(folder, 'report.json')), statement };
    return { said: readSaid(entries, report, trustedKeys(parsed)) };
  } catch (thrown) {
    return { said: [], problem: `what people said can not be told: ${messageOf(thrown)}` };
  }
}

/** How people stand to a run: whose signatures count, each verified; none where nobody has signed. */
export async function standingOf(
  io: Io,
  run: OpenRun,
): Promise<Spoken & { count?: Pick<ApprovalCount, 'approvals' | 'missing'> }> {
  if (!(await hasRunFile(run.folder, ENVELOPE_FILE))) return saidOf(io, run);
  try {
    const examined = await examine(await verification(io, run, undefined));
    const said = await journalOf(examined);
    const { count } = checkApprovals(withRevocations(examined, said), await readSignatures(examined), said);
    return { said, count };
  } catch (thrown) {
    return { said: [], problem: `who signed can not be told: ${messageOf(thrown)}` };
  }
}

/** One line a statement, for a terminal. Approvals are counted elsewhere. */
export function saidLine(one: Saying): string {
  const who = `${one.name} (${one.person})`;
  switch (one.type) {
    case 'approval':
      return `${who} approved it at ${one.at}`;
    case 'comment':
      return `${who} commented: ${one.text}`;
    case 'rejection':
      return `${who} rejected it: ${one.reason}`;
    case 'revocation':
      return `${who} revoked the key ${one.revoked_key} as of ${one.revoked_at}: ${one.reason}`;
    case 'withdrawal':
      return `${who} ${one.of === 'go' ? 'withdrew the GO' : 'took the approval back'}: ${one.reason}`;
  }
}

/** Stands behind a decision that people stopped. */
export function stoppedBy(said: readonly Saying[]): string {
  if (sayingsOf(said, 'rejection').length > 0) return ', rejected';
  return withdrawalsOfGo(said).length > 0 ? ', withdrawn' : '';
}
