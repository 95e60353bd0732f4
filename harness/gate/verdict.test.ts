import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ItemState, itemStates } from '../report/schema.ts';
import { decide, exitOf, judgeFacts, stateOfAttempts } from './verdict.ts';

const schema = { type: 'object', properties: { n: { type: 'number' }, count: { type: 'integer' } } };
const item = (state: ItemState, id = state) => ({ id, state, reason: `because ${state}` });
const base = { rehearsal: false, relaxations: [] };

describe('verdict', () => {
  it('passes only when every expectation is true', () => {
    expect(judgeFacts(['count == 1', 'n < 1.0'], schema, { count: 1, n: 0.5 }, {}).state).toBe('passed');
    expect(judgeFacts(['count == 1', 'n < 1.0'], schema, { count: 2, n: 0.5 }, {})).toMatchObject({
      state: 'failed',
      reason: 'expected `count == 1`, but count = 2',
    });
  });

  it('T12: NaN, Infinity, no expectation and an unknown fact are errors, never passed', () => {
    expect(judgeFacts(['!(n > 800.0)'], schema, { n: Number.NaN, count: 1 }, {}).state).toBe('error');
    expect(judgeFacts(['n > 1.0'], schema, { n: Number.POSITIVE_INFINITY, count: 1 }, {}).state).toBe(
      'error',
    );
    expect(judgeFacts([], schema, { n: 1, count: 1 }, {}).state).toBe('error');
    expect(judgeFacts(['count == 1'], schema, {}, {}).state).toBe('error');
  });

  it('a retry that passes is flaky, and fails where flaky does not count', () => {
    expect(stateOfAttempts(['passed'])).toBe('passed');
    expect(stateOfAttempts(['error', 'passed'])).toBe('flaky');
    expect(stateOfAttempts(['failed', 'passed'], 'fail')).toBe('failed');
    expect(stateOfAttempts(['passed', 'failed'])).toBe('failed');
    expect(stateOfAttempts([])).toBe('error');
  });

  it('decides', () => {
    expect(decide({ items: [item('passed')], ...base }).decision).toBe('GO');
    expect(decide({ items: [item('passed'), item('waived')], ...base }).decision).toBe('GO_WITH_WAIVERS');
    expect(decide({ items: [item('passed'), item('error'), item('failed')], ...base }).decision).toBe(
      'NO_GO',
    );
    expect(decide({ items: [item('passed'), item('pending')], ...base }).decision).toBe('INCONCLUSIVE');
    expect(decide({ items: [item('passed'), item('rehearsed')], ...base }).decision).toBe('INCONCLUSIVE');
    expect(decide({ items: [item('rehearsed')], ...base, rehearsal: true }).decision).toBe('REHEARSAL_GO');
  });

  it('T12: an empty gate is not a pass', () => {
    expect(decide({ items: [], ...base }).decision).toBe('INCONCLUSIVE');
  });

  it('T20: a relaxation rules out a plain GO', () => {
    expect(
      decide({ items: [item('passed')], rehearsal: false, relaxations: ['no signatures'] }).decision,
    ).toBe('GO_WITH_WAIVERS');
  });

  it('never passes with an item that failed, erred, was blocked or waits, and never gives a rehearsal a plain GO', () => {
    const states = fc.array(fc.constantFrom(...itemStates), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(states, fc.boolean(), (list, rehearsal) => {
        const { decision } = decide({ items: list.map((state) => item(state)), rehearsal, relaxations: [] });
        const stopped = list.some((state) => ['failed', 'error', 'blocked', 'pending'].includes(state));
        expect(exitOf(decision) === 0).toBe(!stopped && (rehearsal || !list.includes('rehearsed')));
        if (rehearsal) expect(decision).not.toMatch(/^GO/);
      }),
    );
  });
});
