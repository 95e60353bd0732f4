import { decide } from '../gate/verdict.ts';
import type { ReportContext } from '../report/approvals.ts';
import { manifestDigest } from '../report/manifest.ts';
import {
  type ArtifactRecord,
  type Attempt,
  type ItemReport,
  SIGNOFF_TYPE,
  type SignOff,
  STATEMENT_TYPE,
  type Statement,
} from '../report/schema.ts';

const digest = (text: string) => text.repeat(64).slice(0, 64);

const log: ArtifactRecord = {
  name: 'smoke/1/output.log',
  media_type: 'text/plain',
  sha256: digest('4f1c'),
  bytes: 18_204,
};
const rows: ArtifactRecord = {
  name: 'totals/1/differences.csv',
  media_type: 'text/csv',
  sha256: digest('a07e'),
  bytes: 612,
};

function attempt(overrides: Partial<Attempt> = {}): Attempt {
  return {
    started_at: '2026-11-25T08:28:10.000Z',
    finished_at: '2026-11-25T08:28:14.200Z',
    duration_ms: 4_200,
    state: 'passed',
    expectations: [],
    artifacts: [],
    ...overrides,
  };
}

const holds = (text: string, ...operands: [string, string][]) => ({
  text,
  outcome: 'true' as const,
  operands: operands.map(([name, value]) => ({ text: name, value })),
});

const base = { covers: [], needs: [], attempts: [], simulated: [] };

const smoke: ItemReport = {
  ...base,
  id: 'smoke',
  title: 'Live smoke run inserts transactions',
  covers: ['M14', 'M16'],
  state: 'passed',
  check: 'script',
  effects: 'writes',
  with: { run: 'scripts/live-mono-staging-smoke.ts', args: ['--limit', '40'] },
  simulated: ['mono'],
  attempts: [
    attempt({
      facts: {
        exit_code: 0,
        summary: { inserted_count: '40', duplicate_count: '0', account: '****4821' },
        events: [
          { event: 'mono.pipeline.started', at: '2026-11-25T08:28:10.311Z' },
          { event: 'mono.stage.fetched', at: '2026-11-25T08:28:12.008Z' },
          { event: 'mono.pipeline.completed', at: '2026-11-25T08:28:13.902Z' },
        ],
      },
      expectations: [
        holds('summary.inserted_count > 0', ['summary.inserted_count', '40']),
        holds("events.exists(e, e.event == 'mono.pipeline.completed')", ['events', '[3 events]']),
      ],
      artifacts: [log],
    }),
  ],
};

const totals: ItemReport = {
  ...base,
  id: 'totals',
  title: 'Totals of the provider and of the ledger agree',
  covers: ['M11'],
  needs: ['smoke'],
  state: 'failed',
  reason: 'expected `breaks == 0`, but breaks = 1',
  check: 'reconcile',
  effects: 'reads',
  attempts: [
    attempt({
      state: 'failed',
      duration_ms: 812,
      facts: {
        breaks: '1',
        left: { name: 'provider', rows: '40', total_minor: '18250075' },
        right: { name: 'core_bank_transactions', rows: '40', total_minor: '18250175' },
        days: [
          { day: '2026-11-23', type: 'debit', left: '4100000', right: '4100000' },
          { day: '2026-11-24', type: 'debit', left: '9200075', right: '9200175' },
        ],
      },
      expectations: [
        { text: 'breaks == 0', outcome: 'false', operands: [{ text: 'breaks', value: '1' }] },
        {
          text: 'left.total_minor == right.total_minor',
          outcome: 'false',
          operands: [
            { text: 'left.total_minor', value: '18250075' },
            { text: 'right.total_minor', value: '18250175' },
          ],
        },
      ],
      artifacts: [rows],
    }),
  ],
};

const latency: ItemReport = {
  ...base,
  id: 'latency',
  title: 'Fetch stage answers within its budget',
  covers: ['M9'],
  state: 'flaky',
  reason: 'passed at attempt 2; before: the source did not answer within 10s',
  check: 'promql',
  effects: 'reads',
  attempts: [
    attempt({
      state: 'error',
      duration_ms: 10_000,
      error: {
        code: 'SOURCE_UNREACHABLE',
        message: 'Prometheus did not answer within 10s',
        hint: 'is it running?',
      },
    }),
    attempt({
      duration_ms: 96,
      facts: { p95_seconds: 0.412 },
      expectations: [holds('p95_seconds < 2.0', ['p95_seconds', '0.412'])],
    }),
  ],
};

const vault: ItemReport = {
  ...base,
  id: 'vault',
  title: 'Secrets are in the vault',
  state: 'rehearsed',
  reason: 'in a release, security attests this',
  attest: { role: 'security', about: ['smoke'] },
};

const alerts: ItemReport = {
  ...base,
  id: 'alerts',
  title: 'No alert of the pipeline fires, and each is armed',
  covers: ['M12'],
  state: 'passed',
  check: 'alerts',
  effects: 'reads',
  attempts: [
    attempt({
      duration_ms: 143,
      facts: { firing: [], armed: 9 },
      expectations: [holds('armed == 9', ['armed', '9'])],
    }),
  ],
};

const flag: ItemReport = {
  ...base,
  id: 'flag-off',
  title: 'The flag is off before the dry run',
  covers: ['M6'],
  state: 'passed',
  check: 'flag',
  effects: 'reads',
  attempts: [
    attempt({
      duration_ms: 61,
      facts: { value: false },
      expectations: [holds('value == false', ['value', 'false'])],
    }),
  ],
};

const subjects = [{ name: 'git:HEAD', digest: { gitCommit: '9f2c41d07b6e8a3150c4d2ef6a7b8c9d0e1f2a3b' } }];

const run: SignOff['run'] = {
  id: 'mono-staging-dry-run-20261125T082806Z-3fa9',
  started_at: '2026-11-25T08:28:06.000Z',
  finished_at: '2026-11-25T08:28:41.000Z',
  duration_ms: 35_200,
  tool: { name: 'countersign', version: '0.1.0', node: 'v24.19.0' },
};

const release: SignOff['release'] = {
  subjects,
  git: { commit: '9f2c41d07b6e8a3150c4d2ef6a7b8c9d0e1f2a3b', dirty: false, branch: 'main' },
  requester: 'ngozi@example.com',
  authors: [digest('e5'), digest('b2')],
  notes: ['no earlier release is known: every author of the history counts as an author of this one'],
};

const policy: SignOff['policy'] = {
  require: [
    { role: 'release-manager', count: 1 },
    { role: 'engineering', count: 1 },
  ],
  distinct_people: true,
  not_author: true,
};

const approvals = [
  {
    person: 'rehearsal-release-manager',
    name: 'Rehearsal (release-manager)',
    role: 'release-manager',
    keyid: 'SHA256:q1Zr8nqgm0b4XyP0d1vH7rJm2uC3sT4kL5wE6fG7hI8',
    at: '2026-11-25T08:29:02.000Z',
  },
];

/** A report with one of nearly everything, for tests and for looking at. */
export function sampleReport(kind: 'rehearsal' | 'no-go' = 'rehearsal'): {
  statement: Statement;
  context: ReportContext;
} {
  const rehearsal = kind === 'rehearsal';
  const items = rehearsal ? [flag, smoke, latency, alerts, vault] : [flag, smoke, totals, latency, alerts];
  const files = rehearsal ? [log] : [log, rows];
  const statement: Statement = {
    _type: STATEMENT_TYPE,
    subject: subjects,
    predicateType: SIGNOFF_TYPE,
    predicate: {
      schema: 1,
      run,
      ...decide({ items, rehearsal, relaxations: [] }),
      gate: {
        id: 'mono-staging-dry-run',
        title: 'Mono staging dry run',
        file: 'checklists/mono-staging-dry-run.gate.yml',
        sha256: digest('c31b'),
      },
      environment: {
        name: 'local',
        title: 'Local stack',
        rehearsal,
        zone: 'Africa/Lagos',
        sha256: digest('77d0'),
        simulators: ['mono'],
      },
      release,
      signers: { file: '.countersign/rehearsal-signers.yml', sha256: digest('1f8e'), rehearsal },
      policy,
      validity: { not_before: '2026-11-25T08:28:41.000Z', not_after: '2026-11-26T08:28:41.000Z' },
      nonce: '0123456789abcdef'.repeat(2),
      items,
      relaxations: [],
      evidence: { sha256: manifestDigest(files), files, redactions: 3 },
      journal: { head: digest('6b9a'), lines: 27 },
    },
  };
  const context: ReportContext = rehearsal
    ? { sha256: digest('d84f'), approvals, missing: [{ role: 'engineering', count: 1 }] }
    : { sha256: digest('d84f'), approvals: [], missing: statement.predicate.policy.require };
  return { statement, context };
}
