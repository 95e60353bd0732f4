import { describe, expect, it } from 'vitest';
import { CountersignError } from '../errors.ts';
import { testContext } from '../testing/context.ts';
import { guard, redactFacts } from './guard.ts';

const secret = 'hunter2-password';

async function knowing(signal = new AbortController().signal) {
  const context = testContext({ secrets: { S: secret }, signal });
  await context.secret('S');
  return context;
}

const fails = (thrown: unknown) => async () => {
  throw thrown;
};

const thrownBy = async (measure: () => Promise<unknown>) =>
  guard(await knowing(), 'SCRIPT_FAILED', measure).catch((thrown: unknown) => thrown);

describe('guard', () => {
  it('gives what was measured', async () => {
    expect(await guard(await knowing(), 'SOURCE_ANSWER', async () => 7)).toBe(7);
  });

  it('makes an error of ours of whatever was thrown, without secrets', async () => {
    const raw = new Error(`outer ${secret}`, { cause: new Error(`inner ${secret}`) });
    const thrown = await thrownBy(fails(raw));
    expect(thrown).not.toHaveProperty('cause');
    expect(thrown).toMatchObject({
      name: 'CountersignError',
      code: 'SCRIPT_FAILED',
      message: 'outer [redacted]: inner [redacted]',
    });
  });

  it('keeps code, place and hint of an error of ours, without secrets', async () => {
    const where = { file: 'gate.yml', line: 3 };
    const ours = new CountersignError('NO_DATA', `no ${secret}`, {
      where,
      hint: `give ${secret}`,
      cause: secret,
    });
    const thrown = await thrownBy(fails(ours));
    expect(thrown).not.toHaveProperty('cause');
    expect(thrown).toMatchObject({
      code: 'NO_DATA',
      message: 'no [redacted]',
      hint: 'give [redacted]',
      where,
    });
  });

  it('says that it was stopped, in the words of whoever stopped it', async () => {
    const stopped = await knowing(AbortSignal.abort());
    await expect(guard(stopped, 'SOURCE_ANSWER', async () => 7)).rejects.toMatchObject({ code: 'TIMED_OUT' });
    const interrupted = await knowing(AbortSignal.abort(new CountersignError('INTERRUPTED', 'Ctrl-C')));
    await expect(guard(interrupted, 'SOURCE_ANSWER', async () => 7)).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });
});

describe('redactFacts', () => {
  it('reaches keys and values at any depth, and changes nothing else', () => {
    const redact = (text: string) => text.replaceAll(secret, '[redacted]');
    const facts = { [`k ${secret}`]: [secret, { deep: `${secret}!` }], n: 1, no: null, yes: true };
    expect(redactFacts(facts, redact)).toEqual({
      'k [redacted]': ['[redacted]', { deep: '[redacted]!' }],
      n: 1,
      no: null,
      yes: true,
    });
  });
});
