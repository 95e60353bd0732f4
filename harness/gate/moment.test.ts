import { describe, expect, it } from 'vitest';
import type { ItemReport } from '../report/schema.ts';
import { fakeClock } from '../testing/context.ts';
import { freshAt, needsOf, staleAt } from './moment.ts';
import { planGate } from './plan.ts';
import type { Gate, GateItem } from './schema.ts';

const gate = (...items: Partial<GateItem>[]): Gate => ({
  gate: 'g',
  title: 'G',
  environment: 'local',
  timeout: '3h',
  items: items.map((item) => ({
    title: 't',
    ...(item.attest ? {} : { check: 'http' }),
    ...item,
  })) as GateItem[],
  sign: { require: [{ role: 'r' }] },
});

describe('the age of evidence', () => {
  const clock = fakeClock();
  const measured = (id: string, started_at: string): ItemReport => {
    const attempt = { started_at, finished_at: started_at, duration_ms: 0, expectations: [], artifacts: [] };
    return {
      ...{ id, title: id, covers: [], needs: [], simulated: [], state: 'passed' },
      attempts: [{ ...attempt, state: 'passed' }],
    };
  };
  const asks = gate(
    { id: 'smoke', fresh: { within: '2h', at: 'cutover' } },
    { id: 'totals', fresh: { within: '1h', at: 'sign' } },
    { id: 'vault', attest: { role: 'r' }, fresh: { within: '1h', at: 'sign' } },
  );
  const vault = { ...measured('vault', ''), attempts: [], attest: { role: 'r', about: [] } };

  it('counts from the beginning of the attempt that counts, to the millisecond', () => {
    const items = [measured('smoke', clock.now().toISOString())];
    clock.advance(7_200_000);
    expect(freshAt(asks, items, 'cutover', clock.now())).toEqual([
      { id: 'smoke', age_ms: 7_200_000, within_ms: 7_200_000, ok: true },
    ]);
    clock.advance(1);
    expect(staleAt({ items }, asks, 'cutover', clock.now())).toMatchObject([{ id: 'smoke', ok: false }]);
  });

  it('that nobody can tell is too old, but for what a rehearsal leaves out', () => {
    const now = clock.now();
    const later = new Date(now.getTime() + 60_000).toISOString();
    const items = [measured('totals', later), { ...vault, state: 'pending' as const }];
    expect(staleAt({ items }, asks, 'sign', now).map(({ id, age_ms }) => [id, age_ms])).toEqual([
      ['totals', -1],
      ['vault', -1],
    ]);
    const rehearsed = [measured('totals', now.toISOString()), { ...vault, state: 'rehearsed' as const }];
    expect(staleAt({ items: rehearsed }, asks, 'sign', now)).toEqual([]);
  });
});

describe('an item at the cutover', () => {
  it('waits for all else that the cutover needs, and the cutover for it', () => {
    const all = gate(
      { id: 'window', at: 'cutover' },
      { id: 'on', cutover: true, needs: ['smoke'] },
      { id: 'smoke' },
      { id: 'watch', needs: ['on'] },
    );
    expect(Object.fromEntries(needsOf(all))).toEqual({
      window: ['smoke'],
      on: ['smoke', 'window'],
      smoke: [],
      watch: ['on'],
    });
    expect(planGate(all).levels.map((level) => level.map(({ id }) => id))).toEqual([
      ['smoke'],
      ['window'],
      ['on'],
      ['watch'],
    ]);
  });
});

describe('what makes no sense together', () => {
  const on = { id: 'on', cutover: true } as const;
  const watch = { for: '10m', every: '30s' };
  it.each<[string, Partial<GateItem>[], string]>([
    ['retries of a watch', [{ id: 'a', watch, retries: 2 }], '`a` is watched, so `retries` has no say'],
    ['a watch that settles', [{ id: 'a', watch, settle: '1m' }], '`a` is watched, so `settle` has no say'],
    [
      'a watch of no time',
      [{ id: 'a', watch: { for: '0s', every: '1s' } }],
      'a watch of no time sees nothing',
    ],
    [
      'a watch without a step',
      [{ id: 'a', watch: { for: '1m', every: '0s' } }],
      'needs a time between its samples',
    ],
    [
      'steps over the end',
      [{ id: 'a', watch: { for: '1m', every: '2m' } }],
      'it measures each 2m, and ends after 1m',
    ],
    [
      'more samples than fit',
      [{ id: 'a', watch: { for: '2h', every: '1ms' } }],
      '7200001 samples would not fit',
    ],
    ['a watch past the deadline', [{ id: 'a', watch: { for: '3h', every: '1m' } }], 'the run ends after 3h'],
    ['a watch that can not fail', [{ id: 'a', watch: { ...watch, failures: 21 } }], 'it could never fail'],
    ['a person who is watched', [{ id: 'a', attest: { role: 'r' }, watch }], 'it takes no with, expect'],
    ['two cutovers', [on, { id: 'b', cutover: true }], '`on` is the cutover already'],
    [
      'a cutover of a person',
      [{ id: 'a', attest: { role: 'r' }, cutover: true }],
      'answered by a person after the run',
    ],
    ['a cutover that lasts', [{ id: 'a', cutover: true, watch }], '`a` is watched for a while'],
    ['a moment that never comes', [{ id: 'a', at: 'cutover' }], 'no item of this gate is the cutover'],
    ['the cutover at itself', [{ id: 'a', cutover: true, at: 'cutover' }], '`a` is the cutover itself'],
    [
      'an item at the cutover that needs it',
      [on, { id: 'a', at: 'cutover', needs: ['on'] }],
      'on -> a -> on',
    ],
    [
      'an item at the cutover that something before it needs',
      [
        { ...on, needs: ['b'] },
        { id: 'a', at: 'cutover' },
        { id: 'b', needs: ['a'] },
      ],
      'these items need each other',
    ],
    [
      'freshness without a cutover',
      [{ id: 'a', fresh: { within: '1h', at: 'cutover' } }],
      'no item of this gate is the cutover',
    ],
    [
      'freshness of what the cutover does not wait for',
      [on, { id: 'a', fresh: { within: '1h', at: 'cutover' } }],
      '`on` does not wait for `a`',
    ],
    [
      'freshness of what is measured just then',
      [on, { id: 'a', at: 'cutover', fresh: { within: '1h', at: 'cutover' } }],
      'so it is always fresh then',
    ],
    ['freshness of no time', [{ id: 'a', fresh: { within: '0s', at: 'sign' } }], 'nothing is that fresh'],
  ])('T23: refuses %s, with its place', (_name, items, message) => {
    const { problems } = planGate(gate(...items));
    expect(problems.map((problem) => problem.message).join('\n')).toContain(message);
    for (const { path } of problems) expect(path.slice(0, 1)).toEqual(['items']);
  });

  it('takes what does make sense', () => {
    const { problems } = planGate(
      gate(
        { id: 'smoke', fresh: { within: '2h', at: 'cutover' } },
        { ...on, needs: ['smoke'] },
        { id: 'window', at: 'cutover', fresh: { within: '1d', at: 'sign' } },
        { id: 'seen', needs: ['on'], watch: { for: '2h', every: '1m', failures: 3, min_observed: 0.5 } },
      ),
    );
    expect(problems).toEqual([]);
  });
});
