import Type from 'typebox';
import { Options } from '../checks/define.ts';
import { CountersignError } from '../errors.ts';
import type { JournalEntry } from '../gate/journal.ts';
import { STATEMENT_TYPE, type Statement } from '../report/schema.ts';
import type { Envelope } from './dsse.ts';
import type { Signer } from './keys.ts';
import { openStatement, signStatement } from './statement.ts';
import type { TrustedKeys } from './trust.ts';

const APPROVAL_TYPE = 'https://countersign.dev/attestations/approval/v1';
/** Type of the journal lines that come after the freeze. */
export const APPROVAL_LINE = 'approval';

const ApprovalSchema = Options({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(
    Options({ name: Type.Literal('report.json'), digest: Options({ sha256: Type.String() }) }),
    { minItems: 1, maxItems: 1 },
  ),
  predicateType: Type.Literal(APPROVAL_TYPE),
  predicate: Options({
    schema: Type.Literal(1),
    run: Type.String(),
    person: Type.String(),
    key: Type.String(),
    at: Type.String({ format: 'date-time' }),
  }),
});

/** When a signature over a report was made, as its maker says: the report itself was frozen before. */
export interface SigningTime {
  keyid: string;
  person: string;
  at: string;
}

export function makeApproval(
  signer: Signer,
  report: { sha256: string; statement: Statement },
  person: string,
  at: Date,
): Promise<Envelope> {
  return signStatement(signer, {
    subject: [{ name: 'report.json', digest: { sha256: report.sha256 } }],
    predicateType: APPROVAL_TYPE,
    predicate: {
      schema: 1,
      run: report.statement.predicate.run.id,
      person,
      key: signer.keyid,
      at: at.toISOString(),
    },
  });
}

/** The lines after the freeze. Each must be a signed statement about this very report. */
export function readApprovals(
  later: readonly JournalEntry[],
  report: { sha256: string; statement: Statement },
  keys: TrustedKeys,
): SigningTime[] {
  const times = new Map<string, SigningTime>();
  for (const entry of later) {
    const what = `line ${entry.seq} of the journal`;
    if (entry.type !== APPROVAL_LINE) {
      throw refusal(`${what} was added after the freeze and is no signed statement`);
    }
    const { value, signedBy } = openStatement(entry.data, ApprovalSchema, keys, what);
    const { run, person, key, at } = value.predicate;
    if (value.subject[0]?.digest.sha256 !== report.sha256 || run !== report.statement.predicate.run.id) {
      throw refusal(`${what} approves another report`);
    }
    if (person !== signedBy.person.id || key !== signedBy.key.id) {
      throw refusal(`${what} names another person than the one who signed it`);
    }
    if (times.has(key)) throw refusal(`${what} repeats an approval`);
    times.set(key, { keyid: key, person, at });
  }
  return [...times.values()];
}

function refusal(message: string): CountersignError {
  return new CountersignError('REPORT_INVALID', message);
}
