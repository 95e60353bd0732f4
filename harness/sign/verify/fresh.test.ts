import { expect, test } from 'vitest';
import { forge } from '../../testing/forge.ts';
import { makeRunFolder, testPerson } from '../../testing/run-folder.ts';
import { verifyRun } from '../../testing/verify-run.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering']);

/** Measured at 08:28:00: 32 minutes before people sign. */
const freshRun = (within: string) =>
  makeRunFolder({
    people: [ada, ben],
    gate: ({ items: [smoke] }) => void Object.assign(smoke ?? {}, { fresh: { within, at: 'sign' } }),
  });

test('T4: nobody signs what was measured too long ago', async () => {
  await using run = await freshRun('40m');
  await run.sign(ada);
  await expect(run.sign(ben, { now: new Date('2026-11-25T09:08:00.001Z') })).rejects.toThrow(
    'too old to be signed: `smoke` was measured 40m1s before; it may be 40m old',
  );
  await run.sign(ben, { now: new Date('2026-11-25T09:08:00.000Z') });
});

test('a signature counts as of its own time, however late it is verified', async () => {
  await using run = await freshRun('40m');
  await run.sign(ada);
  await run.sign(ben);
  const result = await verifyRun(run, { now: new Date('2026-11-25T20:00:00Z') });
  expect(result.exit).toBe(0);
  expect(result.lines.filter(({ check }) => check === 'freshness')).toHaveLength(2);
});

test('T4: a signature that tells no time may have been made when all was old', async () => {
  await using run = await freshRun('40m');
  await forge(run, [ada, ben]);
  const { exit, lines } = await verifyRun(run);
  expect(exit).toBe(4);
  expect(lines.map(({ text }) => text).join()).toContain('ada signed too late: `smoke` was measured');
});
