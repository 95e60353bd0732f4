import type { TObject } from 'typebox';
import { describe, expect, it } from 'vitest';
import { isShape, schemaErrors } from '../config/validate.ts';
import { CountersignError } from '../errors.ts';
import { checkExpectation, evaluateExpectation } from '../gate/evaluate.ts';
import type { FactSchema } from '../gate/facts.ts';
import type { TestContext } from '../testing/context.ts';
import type { CheckKind } from './define.ts';

/** What the suite hands to a case: the context must know this secret, and what is measured should echo it. */
export interface Planted {
  secrets: Record<string, string>;
  value: string;
  signal: AbortSignal;
}

export interface ContractCase {
  options: Record<string, unknown>;
  makeContext(planted: Planted): TestContext | Promise<TestContext>;
}

export interface ContractCases {
  /** A measurement that succeeds. */
  working: ContractCase;
  /** One that would go on for long, for kinds that wait for anything. */
  hanging?: ContractCase;
  /** One whose source does not answer, for kinds that ask a source. */
  unreachable?: ContractCase;
}

const planted = 'hunter2-planted-secret-9f1c';
const slack = 1_000;

/** What every kind of check promises, whatever it measures. */
export function kindContract<O extends TObject, F extends TObject>(
  kind: CheckKind<O, F>,
  cases: ContractCases,
): void {
  const check = kind as unknown as CheckKind;

  describe(`contract of ${check.kind}`, () => {
    it('measures facts that fit its schema and survive JSON', async () => {
      const { facts } = await run(check, cases.working);
      expect(schemaErrors(check.facts, facts)).toEqual([]);
      expect(JSON.parse(JSON.stringify(facts))).toEqual(facts);
    });

    it('refuses options that it does not know', () => {
      expect(isShape(check.options, cases.working.options)).toBe(true);
      expect(isShape(check.options, { ...cases.working.options, no_such_option: 1 })).toBe(false);
    });

    it('judges what it measured by its own expectations', async () => {
      expect(check.expect.length).toBeGreaterThan(0);
      for (const text of check.expect) {
        expect(checkExpectation(text, check.facts as FactSchema)).toBeUndefined();
      }
      const { facts } = await run(check, cases.working);
      const subject = { schema: check.facts as FactSchema, facts, needs: {} };
      for (const text of check.expect) {
        expect(evaluateExpectation(text, subject)).toMatchObject({
          outcome: expect.stringMatching(/^(true|false)$/),
        });
      }
    });

    it('lets no secret into facts or evidence', async () => {
      const { facts, context } = await run(check, cases.working);
      expect(JSON.stringify(facts)).not.toContain(planted);
      for (const [name, text] of context.artifacts) expect(name + text).not.toContain(planted);
      expect(context.logged.join('\n')).not.toContain(planted);
    });

    it('measures nothing once it was told to stop', async () => {
      await expectError(run(check, cases.working, AbortSignal.abort()));
    });

    if (cases.hanging) abortsInTime(check, cases.hanging);
    if (cases.unreachable) failsClosed(check, cases.unreachable);
  });
}

function abortsInTime(check: CheckKind, hanging: ContractCase): void {
  it('stops within a second when it is told to', async () => {
    const stop = new AbortController();
    const measuring = expectError(run(check, hanging, stop.signal));
    setTimeout(() => stop.abort(), 100);
    const late = new Promise((resolve) => setTimeout(() => resolve('still measuring'), 100 + slack).unref());
    expect(await Promise.race([measuring.then(() => 'stopped'), late])).toBe('stopped');
  });
}

function failsClosed(check: CheckKind, unreachable: ContractCase): void {
  it('gives an error, never facts, when its source does not answer', async () => {
    await expectError(run(check, unreachable));
  });
}

async function run(check: CheckKind, { options, makeContext }: ContractCase, signal?: AbortSignal) {
  const context = await makeContext({
    secrets: { PLANTED: planted },
    value: planted,
    signal: signal ?? new AbortController().signal,
  });
  await context.secret('PLANTED');
  const { facts } = await check.measure(options as never, context);
  return { facts: facts as Record<string, unknown>, context };
}

/** Any kind may fail, but only with an error of ours, and without secrets in it. */
async function expectError(running: Promise<unknown>): Promise<void> {
  const thrown = await running.then(
    (result) => expect.unreachable(`it measured ${JSON.stringify(result)}`),
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(CountersignError);
  const { message, hint } = thrown as CountersignError;
  expect(message + hint).not.toContain(planted);
}
