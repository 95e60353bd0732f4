import { readJournal } from '../gate/journal.ts';
import { readApprovals } from '../sign/approval.ts';
import { readRunFile } from '../sign/folder.ts';
import { writeRendered } from '../sign/renderings.ts';
import type { Signers } from '../sign/signers.ts';
import { readStatement, sha256 } from '../sign/statement.ts';
import { countApprovals, trustedKeys } from '../sign/trust.ts';
import { readSignatures, timed } from '../sign/verify/people.ts';

/** Writes report.html and junit.xml of a frozen run anew, with whatever signatures it has by now. */
export async function writeRenderings(folder: string, signers: Signers): Promise<void> {
  const bytes = await readRunFile(folder, 'report.json');
  const report = { bytes, sha256: sha256(bytes), statement: readStatement(bytes) };
  const { policy, release, validity, journal } = report.statement.predicate;
  const keys = trustedKeys(signers);
  const { signatures } = await readSignatures({ options: { folder }, report, keys });
  const later = readJournal(await readRunFile(folder, 'journal.jsonl')).slice(journal.lines);
  const times = readApprovals(later, report, keys);
  const count = countApprovals({ policy, release, validity, signers, signatures: timed(signatures, times) });
  await writeRendered(folder, report, count);
}
