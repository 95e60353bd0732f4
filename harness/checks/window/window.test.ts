import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateExpectation } from '../../gate/evaluate.ts';
import type { FactSchema } from '../../gate/facts.ts';
import { fakeClock, testContext } from '../../testing/context.ts';
import { kindContract } from '../contract.ts';
import window from './window.ts';

type WindowOptions = Parameters<typeof window.measure>[0];

const root = join(import.meta.dirname, 'fixtures');
const both: WindowOptions = { windows: ['cutover', 'year-end-freeze'], file: 'windows.yml' };

async function measure(now: string, options: Partial<WindowOptions> = {}) {
  const context = testContext({ root, clock: fakeClock(now) });
  const { facts } = await window.measure({ ...both, ...options }, context);
  const subject = { schema: window.facts as FactSchema, facts, needs: {} };
  return { facts, outcome: evaluateExpectation(window.expect[0] ?? '', subject).outcome };
}

describe('window', () => {
  it('passes inside the window, and says when it closes', async () => {
    const { facts, outcome } = await measure('2026-11-25T09:00:00.000Z');
    expect(outcome).toBe('true');
    expect(facts).toMatchObject({
      open: true,
      active: ['cutover'],
      closes: '2026-11-25T10:00:00.000Z',
      next_opens: '2026-12-02T08:00:00.000Z',
      zone: 'Africa/Lagos',
    });
  });

  it('fails outside of it, and names the next one for people', async () => {
    const { facts, outcome } = await measure('2026-11-24T09:00:00.000Z');
    expect(outcome).toBe('false');
    expect(facts).toMatchObject({
      open: false,
      has_next: true,
      next_window: 'cutover',
      next_text: 'Wednesday 2026-11-25 09:00-11:00 Africa/Lagos',
    });
    expect(facts).not.toHaveProperty('closes');
  });

  it('is content with knowing the next window where that is what is asked', async () => {
    expect((await measure('2026-11-24T09:00:00.000Z', { mode: 'named' })).outcome).toBe('true');
  });

  it('fails in a freeze, window or not', async () => {
    const { facts, outcome } = await measure('2026-12-23T09:00:00.000Z');
    expect(outcome).toBe('false');
    expect(facts).toMatchObject({
      denied_by: ['year-end-freeze'],
      next_text: 'Wednesday 2027-01-13 09:00-11:00 Africa/Lagos',
    });
  });

  it('names the windows that there are when one is not declared, linting too', async () => {
    const options = { ...both, windows: ['cut-over'] };
    await expect(measure('2026-11-25T09:00:00.000Z', options)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: 'it declares cutover, year-end-freeze',
    });
    const found: string[] = [];
    const report = (_path: unknown, message: string) => void found.push(message);
    await window.lint?.(options, { root, environment: undefined, report });
    expect(found).toEqual(['there is no window `cut-over` in windows.yml']);
  });
});

describe('a file of windows that is not right', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-window-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['zone: Africa/Nowhere', 'is not a time zone', 3],
    ['zone: UTC\n    until: "11:00"\n    duration: 2h', 'either `until` or `duration`', 3],
    ['zone: UTC\n    untli: "11:00"', 'untli', 7],
  ])('is refused with its place: %s', async (rest, message, line) => {
    const text = `windows:\n  w:\n    kind: allow\n    rrule: FREQ=DAILY\n    from: "09:00"\n    ${rest}\n`;
    const complete = text.includes('until:') ? text : `${text}    until: "10:00"\n`;
    await writeFile(join(folder, 'windows.yml'), complete);
    const context = testContext({ root: folder });
    const measuring = window.measure({ windows: ['w'], file: 'windows.yml' }, context);
    const problems = expect.arrayContaining([
      expect.objectContaining({
        message: expect.stringContaining(message),
        where: expect.objectContaining({ file: 'windows.yml', line }),
      }),
    ]);
    await expect(measuring).rejects.toMatchObject({ code: 'CONFIG_INVALID', problems });
  });
});

kindContract(window, {
  working: {
    options: both,
    makeContext: ({ secrets, signal }) => testContext({ root, secrets, signal }),
  },
  unreachable: {
    options: { ...both, file: 'no-such-windows.yml' },
    makeContext: ({ secrets, signal }) => testContext({ root, secrets, signal }),
  },
});
