import { type Decision, STATEMENT_TYPE, type Statement } from './schema.ts';
import type { ResourceDescriptor } from './test-result.ts';

const SUMMARY_TYPE = 'https://slsa.dev/verification_summary/v1';
/** Who says so, unless the consumer knows another name for the one who runs `gate statement`. */
export const VERIFIER_ID = 'https://countersign.dev/gate-verify/v1';

export interface SummaryInput {
  statement: Statement;
  /** Outcome of verifying the report for use: only 0 can be PASSED. */
  exit: number;
  decision: Decision | undefined;
  /** Everything signed that was read to find out, each with its digest: all of it or the list is worth nothing. */
  inputs: readonly ResourceDescriptor[];
  at: Date;
  version: string;
  verifier?: string | undefined;
  /** What the consumer calls the release; default: the first subject. */
  resource?: string | undefined;
}

const levels: Partial<Record<Decision, string>> = {
  GO: 'COUNTERSIGN_GO',
  GO_WITH_WAIVERS: 'COUNTERSIGN_GO_WITH_WAIVERS',
};

/** SLSA's verification summary: one bit for policy engines, and what it was made from. */
export function verificationSummary(input: SummaryInput) {
  const { statement, exit, decision, inputs, at, version, verifier = VERIFIER_ID } = input;
  const level = exit === 0 && decision !== undefined ? levels[decision] : undefined;
  const { gate } = statement.predicate;
  return {
    _type: STATEMENT_TYPE,
    subject: statement.subject,
    predicateType: SUMMARY_TYPE,
    predicate: {
      verifier: { id: verifier, version: { countersign: version } },
      timeVerified: at.toISOString(),
      resourceUri: input.resource ?? statement.subject[0]?.name ?? '',
      policy: { uri: gate.file, digest: { sha256: gate.sha256 } },
      inputAttestations: inputs,
      verificationResult: level === undefined ? 'FAILED' : 'PASSED',
      verifiedLevels: [level ?? 'FAILED'],
      slsaVersion: '1.0',
    },
  };
}
