import { Anything, Options } from '../checks/define.ts';
import { type Static, Type } from '../type.ts';

/** Predicate type of the statement that people sign. */
export const SIGNOFF_TYPE = 'https://countersign.dev/attestations/release-signoff/v1';
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/**
 * `passed`, `flaky` (passed after a retry), `failed`, `error` (could not measure), `blocked` (a need did not pass),
 * `pending` (a person has to act), `waived`, `rehearsed` (a rehearsal can't truly know).
 */
export const itemStates = [
  'passed',
  'flaky',
  'failed',
  'error',
  'blocked',
  'pending',
  'waived',
  'rehearsed',
] as const;
export const decisions = ['GO', 'GO_WITH_WAIVERS', 'NO_GO', 'INCONCLUSIVE', 'REHEARSAL_GO'] as const;
export type ItemState = (typeof itemStates)[number];
export type Decision = (typeof decisions)[number];

const Digest = Type.String({ pattern: '^[0-9a-f]{64}$' });
const Time = Type.String({ format: 'date-time' });
const literals = <T extends string>(values: readonly T[]) =>
  Type.Union(values.map((value) => Type.Literal(value)) as never) as unknown as ReturnType<
    typeof Type.Literal<T>
  >;

/** One expectation as it was judged. `outcome: error` means that nothing can be said. */
export const ExpectationSchema = Options({
  text: Type.String(),
  outcome: literals(['true', 'false', 'error'] as const),
  /** Each fact the expression reads, with its value then, as JSON text cut to 200 characters. */
  operands: Type.Array(Options({ text: Type.String(), value: Type.String() })),
  message: Type.Optional(Type.String()),
});

export const ArtifactSchema = Options({
  name: Type.String(),
  media_type: Type.String(),
  sha256: Digest,
  bytes: Type.Integer({ minimum: 0 }),
});

export const AttemptSchema = Options({
  started_at: Time,
  finished_at: Time,
  duration_ms: Type.Integer({ minimum: 0 }),
  state: literals(['passed', 'failed', 'error'] as const),
  facts: Type.Optional(Type.Object({}, { additionalProperties: true })),
  expectations: Type.Array(ExpectationSchema),
  artifacts: Type.Array(ArtifactSchema),
  error: Type.Optional(Options({ code: Type.String(), message: Type.String(), hint: Type.String() })),
});

/** Everything that a watch saw; `attempts` of its item holds the last sample only. */
export const WatchReportSchema = Options({
  for_ms: Type.Integer({ minimum: 1 }),
  every_ms: Type.Integer({ minimum: 1 }),
  /** When its first sample began, and its last one ended. */
  started_at: Time,
  ended_at: Time,
  /** How much of `for_ms` its samples speak for. */
  observed_ms: Type.Number({ minimum: 0 }),
  failed: Type.Integer({ minimum: 0 }),
  errors: Type.Integer({ minimum: 0 }),
  samples: Type.Array(AttemptSchema, { minItems: 1 }),
});

/** What taking back an item came to. */
export const UndoneSchema = Options({
  state: literals(['passed', 'failed', 'error'] as const),
  attempts: Type.Array(AttemptSchema),
  reason: Type.Optional(Type.String()),
});

export const ItemReportSchema = Options({
  id: Type.String(),
  title: Type.String(),
  covers: Type.Array(Type.String()),
  needs: Type.Array(Type.String()),
  state: literals(itemStates),
  /** One sentence that names the cause, for every state but `passed`. */
  reason: Type.Optional(Type.String()),
  check: Type.Optional(Type.String()),
  effects: Type.Optional(Type.String()),
  /** Who answers in a release; in a rehearsal the item reads `rehearsed`, whatever was measured. */
  answers: Type.Optional(Type.Literal('calendar')),
  /** Options as the check saw them, defaults filled in, secrets redacted. */
  with: Type.Optional(Anything()),
  attempts: Type.Array(AttemptSchema),
  /** Of an item that may settle: how often it was measured until the attempt that counts, the only one listed. */
  settled: Type.Optional(
    Options({ measurements: Type.Integer({ minimum: 1 }), waited_ms: Type.Integer({ minimum: 0 }) }),
  ),
  watch: Type.Optional(WatchReportSchema),
  attest: Type.Optional(
    Options({
      role: Type.String(),
      about: Type.Array(Type.String()),
      /** Digest over the evidence of the items in `about`, as it was when the person spoke. */
      evidence_sha256: Type.Optional(Digest),
      person: Type.Optional(Type.String()),
      key: Type.Optional(Type.String()),
      at: Type.Optional(Time),
      comment: Type.Optional(Type.String()),
      /** File under evidence/ that holds the signed statement. */
      statement: Type.Optional(ArtifactSchema),
    }),
  ),
  /** Of a waived item: who let it pass, until when, and what it was before. */
  waiver: Type.Optional(
    Options({
      id: Type.String(),
      state: literals(['failed', 'error'] as const),
      /** The reason of that state. */
      because: Type.String(),
      reason: Type.String(),
      requester: Type.String(),
      approver: Type.String(),
      expires: Time,
      /** File under evidence/ that holds the signed waiver. */
      statement: ArtifactSchema,
    }),
  ),
  /** Third parties that were simulated in what this item measured. */
  simulated: Type.Array(Type.String()),
  undo: Type.Optional(UndoneSchema),
  /** With the beginning of this item the release went live, unless something was too old then. */
  cutover: Type.Optional(
    Options({
      at: Time,
      fresh: Type.Array(
        Options({
          id: Type.String(),
          /** -1 where it can't be told. */
          age_ms: Type.Integer({ minimum: -1 }),
          within_ms: Type.Integer({ minimum: 0 }),
          ok: Type.Boolean(),
        }),
      ),
    }),
  ),
});

export const SignOffSchema = Options({
  schema: Type.Literal(1),
  run: Options({
    id: Type.String(),
    started_at: Time,
    finished_at: Time,
    duration_ms: Type.Integer({ minimum: 0 }),
    tool: Options({ name: Type.Literal('countersign'), version: Type.String(), node: Type.String() }),
    /** Where later runners went on; `duration_ms` is the time during which one of them was at work. */
    resumptions: Type.Optional(
      Type.Array(
        Options({
          at: Time,
          after_line: Type.Integer({ minimum: 1 }),
          gap_ms: Type.Integer({ minimum: 0 }),
        }),
      ),
    ),
    /** What the times of watches and the intervals of the local stack were divided by. */
    rehearse: Type.Optional(Type.Integer({ minimum: 2 })),
    /** A person ended it before its time; without `undo` what was done still stands. */
    aborted: Type.Optional(Options({ who: Type.String(), undo: Type.Boolean() })),
  }),
  decision: literals(decisions),
  reasons: Type.Array(Options({ item: Type.String(), state: Type.String(), text: Type.String() })),
  gate: Options({ id: Type.String(), title: Type.String(), file: Type.String(), sha256: Digest }),
  environment: Options({
    name: Type.String(),
    title: Type.String(),
    rehearsal: Type.Boolean(),
    zone: Type.String(),
    sha256: Digest,
    simulators: Type.Array(Type.String()),
  }),
  release: Options({
    subjects: Type.Array(Options({ name: Type.String(), digest: Type.Record(Type.String(), Type.String()) })),
    git: Type.Optional(
      Options({ commit: Type.String(), dirty: Type.Boolean(), branch: Type.Optional(Type.String()) }),
    ),
    requester: Type.String(),
    /** Git identities (lower-case e-mail addresses, hashed with SHA-256) of the release's authors. */
    authors: Type.Array(Digest),
    /** Anything a reader must know about how the range was found. */
    notes: Type.Array(Type.String()),
  }),
  signers: Options({ file: Type.String(), sha256: Digest, rehearsal: Type.Boolean() }),
  policy: Options({
    require: Type.Array(Options({ role: Type.String(), count: Type.Integer({ minimum: 1 }) })),
    distinct_people: Type.Boolean(),
    not_author: Type.Boolean(),
  }),
  validity: Options({ not_before: Time, not_after: Time }),
  nonce: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  items: Type.Array(ItemReportSchema),
  /** Every relaxation that was asked for; any of them rules out a plain GO. */
  relaxations: Type.Array(Type.String()),
  evidence: Options({
    sha256: Digest,
    files: Type.Array(ArtifactSchema),
    redactions: Type.Integer({ minimum: 0 }),
  }),
  journal: Options({ head: Digest, lines: Type.Integer({ minimum: 1 }) }),
});

/** The frozen bytes: `report.json` is this statement, and the DSSE payload is `report.json`, byte for byte. */
export const StatementSchema = Options({
  _type: Type.Literal(STATEMENT_TYPE),
  subject: Type.Array(Options({ name: Type.String(), digest: Type.Record(Type.String(), Type.String()) }), {
    minItems: 1,
    maxItems: 1024,
  }),
  predicateType: Type.Literal(SIGNOFF_TYPE),
  predicate: SignOffSchema,
});

export type Statement = Static<typeof StatementSchema>;
export type SignOff = Static<typeof SignOffSchema>;
export type ItemReport = Static<typeof ItemReportSchema>;
export type Attempt = Static<typeof AttemptSchema>;
export type WatchReport = Static<typeof WatchReportSchema>;
export type Undone = Static<typeof UndoneSchema>;
export type Expectation = Static<typeof ExpectationSchema>;
export type ArtifactRecord = Static<typeof ArtifactSchema>;
