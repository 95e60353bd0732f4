import { readFile } from 'node:fs/promises';
import { parseDuration } from '../../config/duration.ts';
import { CountersignError } from '../../errors.ts';
import { headCommit } from '../../gate/git.ts';
import { recompute } from '../../gate/recompute.ts';
import { readRunFile } from '../../sign/folder.ts';
import { readSignersFile } from '../../sign/signers-file.ts';
import { readStatement } from '../../sign/statement.ts';
import { type VerifyOptions, type VerifyResult, verifyFolder } from '../../sign/verify.ts';
import { type Static, Type } from '../../type.ts';
import { version } from '../../version.ts';
import { type CheckContext, DurationText, defineCheck, Options } from '../define.ts';
import { guard } from '../guard.ts';
import { latestSignedRun } from './latest-run.ts';

const GateOptions = Options({
  gate: Type.Optional(
    Type.String({
      pattern: '^[a-z][a-z0-9-]*$',
      description: 'id of the gate; its latest signed run is taken',
    }),
  ),
  folder: Type.Optional(Type.String({ description: 'folder of one run, in place of `gate`' })),
  max_age: Type.Optional(
    DurationText({ description: 'the run may have ended this long ago; default no limit' }),
  ),
  signers: Type.Optional(
    Type.String({
      description:
        'signers file; default checklists/signers.yml, in a rehearsal .countersign/rehearsal-signers.yml',
    }),
  ),
  same_gate: Type.Optional(
    Type.Boolean({ description: "must the gate's file still be what it was then? default true" }),
  ),
  same_commit: Type.Optional(
    Type.Boolean({ description: 'must it be about the commit that is checked out here? default true' }),
  ),
});

type Settings = Static<typeof GateOptions>;

export default defineCheck({
  kind: 'gate',
  summary: 'Verify the signed report of an earlier gate',
  options: GateOptions,
  facts: Type.Object({
    valid: Type.Boolean({ description: 'are bytes, signatures, evidence and verdict what they should be?' }),
    exit: Type.Integer({ description: 'exit code of `countersign gate verify`' }),
    decision: Type.String({
      description: '`INVALID` where the report can not be trusted, `WITHDRAWN` where a GO was taken back',
    }),
    young: Type.Boolean({ description: 'within `max_age`' }),
    rehearsal_here: Type.Boolean({ description: 'is this gate itself run as a rehearsal?' }),
    signatures: Type.Integer({ description: 'people whose signature counts' }),
    problems: Type.Array(Type.String(), { description: 'what `verify` found wrong' }),
    age_seconds: Type.Optional(Type.Integer({ description: 'since the run ended; absent if invalid' })),
    environment: Type.Optional(Type.String({ description: 'absent if invalid' })),
    gate: Type.Optional(Type.String({ description: 'absent if invalid' })),
    run: Type.Optional(Type.String({ description: 'absent if invalid' })),
    commit: Type.Optional(Type.String({ description: 'absent if invalid, or without git' })),
    subjects: Type.Optional(
      Type.Array(Type.String(), { description: '`name algorithm:digest`; absent if invalid' }),
    ),
  }),
  expect: [
    'valid',
    'exit == 0',
    'young',
    "decision == 'GO' || decision == 'GO_WITH_WAIVERS' || (rehearsal_here && decision == 'REHEARSAL_GO')",
  ],
  effects: 'reads',
  lint(options, context) {
    if ((options.gate === undefined) === (options.folder === undefined)) {
      context.report(
        [],
        'name either `gate` or `folder`',
        '`gate: ID` takes the latest signed run of that gate',
      );
    }
  },
  measure: (options, context) => guard(context, 'NO_DATA', () => measure(options, context)),
});

async function measure(options: Settings, context: CheckContext) {
  const folder = await folderOf(options, context);
  const result = await verify(folder, options, context);
  const lines = result.lines.map(
    ({ check, ran, ok, text }) => `${ran ? (ok ? 'ok' : 'WRONG') : 'not run'}  ${check}: ${text}`,
  );
  await context.artifact('verify.txt', `${lines.join('\n')}\n`);
  return { facts: { ...judgement(result, options, context), ...identity(result, context) } };
}

async function folderOf(options: Settings, context: CheckContext): Promise<string> {
  if (options.folder !== undefined && options.gate === undefined) return context.resolve(options.folder);
  if (options.gate === undefined || options.folder !== undefined) {
    throw new CountersignError('CONFIG_INVALID', 'name either `gate` or `folder`');
  }
  return latestSignedRun(context.resolve('.countersign/runs'), options.gate);
}

async function verify(folder: string, options: Settings, context: CheckContext): Promise<VerifyResult> {
  const file =
    options.signers ??
    (context.environment.rehearsal ? '.countersign/rehearsal-signers.yml' : 'checklists/signers.yml');
  const { predicate } = readStatement(await readRunFile(folder, 'report.json'));
  const gate = options.same_gate === false ? undefined : await readFile(context.resolve(predicate.gate.file));
  return verifyFolder({
    folder,
    signers: await readSignersFile(context.resolve(file), file),
    now: context.clock.now(),
    version: version(),
    recompute: (statement) => recompute(folder, statement),
    ...(gate ? { gate } : {}),
    ...(options.same_commit === false ? {} : await checkedOut(context)),
  });
}

/** A report about another commit says nothing of this one. A rehearsal may do without git, and its report says so. */
async function checkedOut({ root, environment }: CheckContext): Promise<Pick<VerifyOptions, 'git'>> {
  const commit = await headCommit(root);
  if (commit !== undefined) return { git: { commit } };
  if (environment.rehearsal) return {};
  throw new CountersignError('NO_DATA', 'this folder is no git work tree, so nobody knows what is released', {
    hint: 'run the gate in the checkout that is released, or say `same_commit: false`',
  });
}

function judgement(
  { exit, lines, decision, withdrawn, count, statement }: VerifyResult,
  options: Settings,
  context: CheckContext,
) {
  return {
    valid: exit !== 4,
    exit,
    decision: withdrawn ? 'WITHDRAWN' : (decision ?? 'INVALID'),
    young: statement !== undefined && isYoung(ageOf(statement.predicate.run.finished_at, context), options),
    rehearsal_here: context.environment.rehearsal,
    signatures: new Set(count?.approvals.map(({ person }) => person.id)).size,
    problems: lines.filter(({ ok }) => !ok).map(({ check, text }) => `${check}: ${text}`),
  };
}

function isYoung(age: number, { max_age }: Settings): boolean {
  return age >= 0 && (max_age === undefined || age * 1_000 <= parseDuration(max_age));
}

function ageOf(finishedAt: string, context: CheckContext): number {
  return Math.ceil((context.clock.now().getTime() - Date.parse(finishedAt)) / 1_000);
}

function identity({ statement }: VerifyResult, context: CheckContext) {
  if (!statement) return {};
  const { run, environment, gate, release } = statement.predicate;
  return {
    age_seconds: ageOf(run.finished_at, context),
    environment: environment.name,
    gate: gate.id,
    run: run.id,
    ...(release.git ? { commit: release.git.commit } : {}),
    subjects: statement.subject.map(
      ({ name, digest }) =>
        `${name} ${Object.entries(digest)
          .map(([kind, value]) => `${kind}:${value}`)
          .join(' ')}`,
    ),
  };
}
