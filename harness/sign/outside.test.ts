import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decide } from '../gate/verdict.ts';
import type { ItemReport } from '../report/schema.ts';
import { testResult } from '../report/test-result.ts';
import { verificationSummary } from '../report/verification-summary.ts';
import {
  makeRunFolder,
  type RunFolder,
  SIGNED_AT,
  testItem,
  testPerson,
  VERSION,
} from '../testing/run-folder.ts';
import { sampleReport } from '../testing/sample-report.ts';
import { verifyRun } from '../testing/verify-run.ts';
import { signedInputs } from './outside.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering']);
const digest = 'a'.repeat(64);

describe('test-result v0.1', () => {
  const of = (items: ItemReport[], rehearsal = false, relaxations: string[] = [], verified = {}) => {
    const { statement } = sampleReport();
    const { decision } = decide({ items, rehearsal, relaxations });
    const predicate = { ...statement.predicate, items, decision, relaxations };
    return testResult({ ...statement, predicate }, digest, { decision, ...verified }).predicate;
  };
  const as = (id: string, state: ItemReport['state']): ItemReport => ({ ...testItem(id), state });

  it('is PASSED for a plain GO alone', () => {
    expect(of([as('a', 'passed')])).toMatchObject({ result: 'PASSED', passedTests: ['a'], failedTests: [] });
    expect(of([as('a', 'passed'), as('b', 'flaky')])).toMatchObject({ result: 'WARNED', warnedTests: ['b'] });
    expect(of([as('a', 'waived')])).toMatchObject({ result: 'WARNED', warnedTests: ['a'], passedTests: [] });
    expect(of([as('a', 'passed')], false, ['a limit was raised']).result).toBe('WARNED');
  });

  it.each(['failed', 'error', 'blocked', 'pending'] as const)(
    'is FAILED with an item that is %s',
    (state) => {
      expect(of([as('a', 'passed'), as('b', state)])).toMatchObject({ result: 'FAILED', failedTests: ['b'] });
    },
  );

  it('is FAILED for what people stopped, whatever was measured', () => {
    expect(of([as('a', 'passed')], false, [], { decision: 'NO_GO' }).result).toBe('FAILED');
    expect(of([as('a', 'passed')], false, [], { withdrawn: true }).result).toBe('FAILED');
  });

  it('is FAILED for a rehearsal, for nothing at all, and for what was only rehearsed', () => {
    expect(of([as('a', 'passed')], true).result).toBe('FAILED');
    expect(of([]).result).toBe('FAILED');
    const rehearsed = of([as('a', 'rehearsed')]);
    expect(rehearsed).toMatchObject({ result: 'FAILED', passedTests: [], warnedTests: [], failedTests: [] });
    expect(JSON.stringify(rehearsed)).toContain('"skippedTests":["a"]');
  });

  it('names the subjects of the release only; evidence, times and attempts stand in the predicate', () => {
    const { statement } = sampleReport('no-go');
    const result = testResult(statement, digest, { decision: 'NO_GO' });
    expect(result.subject).toEqual(statement.predicate.release.subjects);
    const text = JSON.stringify(result.predicate);
    for (const { sha256 } of statement.predicate.evidence.files) expect(text).toContain(sha256);
    expect(text).toContain('"startedAt":"2026-11-25T08:28:10.000Z"');
    expect(text).toContain('"attempts":2');
  });
});

describe('a verification summary', () => {
  let run: RunFolder;
  let failed: RunFolder;
  beforeAll(async () => {
    run = await makeRunFolder({ people: [ada, ben] });
    failed = await makeRunFolder({ people: [ada, ben], items: [testItem('smoke', 'failed')] });
  });
  afterAll(async () => {
    await run[Symbol.asyncDispose]();
    await failed[Symbol.asyncDispose]();
  });

  async function summary(of: RunFolder, at = SIGNED_AT) {
    const { exit, decision } = await verifyRun(of, { forDeploy: true, now: new Date(at) });
    const inputs = await signedInputs(of.folder, of.statement);
    const { statement } = of;
    return verificationSummary({ statement, exit, decision, inputs, at: new Date(at), version: VERSION });
  }

  it('T24: is FAILED until every role has signed, PASSED then, and FAILED once the report has expired', async () => {
    await run.sign(ada);
    expect((await summary(run)).predicate).toMatchObject({
      verificationResult: 'FAILED',
      verifiedLevels: ['FAILED'],
    });
    await run.sign(ben);
    expect((await summary(run)).predicate).toMatchObject({
      verificationResult: 'PASSED',
      verifiedLevels: ['COUNTERSIGN_GO'],
      resourceUri: 'git',
      policy: { uri: 'checklists/sample.gate.yml' },
    });
    expect((await summary(run, '2026-11-27T00:00:00Z')).predicate.verificationResult).toBe('FAILED');
  });

  it('lists everything signed that was read', async () => {
    const { predicate, subject } = await summary(run);
    expect(predicate.inputAttestations.map(({ uri }) => uri)).toEqual([
      'ada.sigstore.json',
      'ben.sigstore.json',
      'journal.jsonl',
      'report.json',
      'signoff.dsse.json',
    ]);
    expect(subject).toEqual(run.statement.subject);
  });

  it('T24: of a NO_GO is FAILED', async () => {
    expect((await summary(failed)).predicate.verificationResult).toBe('FAILED');
  });
});
