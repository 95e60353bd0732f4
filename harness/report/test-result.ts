import { type Decision, type ItemReport, type ItemState, STATEMENT_TYPE, type Statement } from './schema.ts';

const TEST_RESULT_TYPE = 'https://in-toto.io/attestation/test-result/v0.1';
/** Name of the one field that the documented predicate does not have. */
const DETAIL = 'https://countersign.dev/attestations/test-result-detail/v1';

export interface ResourceDescriptor {
  name?: string;
  uri?: string;
  digest: Record<string, string>;
}

/** What of each state a consumer hears who knows three results only; `skipped` was not truly measured. */
const heardAs: Record<ItemState, 'passed' | 'warned' | 'failed' | 'skipped'> = {
  passed: 'passed',
  flaky: 'warned',
  waived: 'warned',
  failed: 'failed',
  error: 'failed',
  blocked: 'failed',
  pending: 'failed',
  rehearsed: 'skipped',
};

/**
 * A report as in-toto's `test-result` v0.1, for consumers who read `result` and the three lists. The result is PASSED
 * or WARNED for a GO or GO_WITH_WAIVERS only, as verified: a rehearsal, too, is FAILED, and what people stopped.
 */
export function testResult(
  statement: Statement,
  reportSha256: string,
  verified: { decision?: Decision; withdrawn?: boolean },
) {
  const { items, gate, environment, signers } = statement.predicate;
  const named = (group: string) => items.filter(({ state }) => heardAs[state] === group).map(({ id }) => id);
  return {
    _type: STATEMENT_TYPE,
    subject: statement.subject,
    predicateType: TEST_RESULT_TYPE,
    predicate: {
      result: resultOf(statement, verified),
      configuration: [
        descriptor(gate.file, gate.sha256),
        descriptor(`environment:${environment.name}`, environment.sha256),
        descriptor(signers.file, signers.sha256),
      ] satisfies ResourceDescriptor[],
      passedTests: named('passed'),
      warnedTests: named('warned'),
      failedTests: named('failed'),
      [DETAIL]: detail(statement, reportSha256, { ...verified, skippedTests: named('skipped') }),
    },
  };
}

function resultOf(
  { predicate: { items, relaxations } }: Statement,
  { decision, withdrawn }: { decision?: Decision; withdrawn?: boolean },
): string {
  if (withdrawn) return 'FAILED';
  if (decision !== 'GO' && decision !== 'GO_WITH_WAIVERS') return 'FAILED';
  const isPlain = relaxations.length === 0 && items.every(({ state }) => state === 'passed');
  return isPlain ? 'PASSED' : 'WARNED';
}

function detail({ predicate }: Statement, reportSha256: string, more: object) {
  const { run, environment, evidence, relaxations, items } = predicate;
  return {
    ...more,
    report: descriptor('report.json', reportSha256),
    run: run.id,
    startedAt: run.started_at,
    finishedAt: run.finished_at,
    tool: run.tool,
    environment: {
      name: environment.name,
      rehearsal: environment.rehearsal,
      simulators: environment.simulators,
    },
    evidence: descriptor('evidence', evidence.sha256),
    relaxations,
    tests: items.map(test),
  };
}

function test({ id, title, state, reason, attempts }: ItemReport) {
  const [first, last] = [attempts[0], attempts.at(-1)];
  return {
    name: id,
    title,
    state,
    ...(reason === undefined ? {} : { reason }),
    attempts: attempts.length,
    ...(first && last ? { startedAt: first.started_at, finishedAt: last.finished_at } : {}),
    evidence: attempts.flatMap(({ artifacts }) =>
      artifacts.map(({ name, sha256 }) => descriptor(name, sha256)),
    ),
  };
}

function descriptor(name: string, sha256: string): ResourceDescriptor {
  return { name, digest: { sha256 } };
}
