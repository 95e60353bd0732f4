import { beforeAll, describe, expect, it } from 'vitest';
import { act, actingProject, linesOf, look, watch } from '../testing/acting-project.ts';
import { resumeGate } from './resume.ts';
import type { RunListener } from './run.ts';
import { runGate } from './session.ts';

let acting: Awaited<ReturnType<typeof actingProject>>;
beforeAll(async () => {
  acting = await actingProject();
});

describe('a watched item', () => {
  it('passes with a sample from its end, and keeps the evidence of its first, last and odd samples', async () => {
    const { item, predicate, folder } = await acting.run({ seen: watch('pfp', { failures: 1 }) });
    expect(item('seen')).toMatchObject({
      state: 'passed',
      watch: { for_ms: 1_000, every_ms: 200, failed: 1, errors: 0 },
    });
    const samples = item('seen')?.watch?.samples ?? [];
    expect(samples.length).toBe((await linesOf(folder, 'watch-sample')).length);
    expect(item('seen')?.attempts).toEqual(samples.slice(-1));
    const kept = samples.flatMap(({ artifacts }, index) => (artifacts.length > 0 ? [index + 1] : []));
    expect(kept).toEqual([...new Set([1, 2, samples.length])]);
    const names = predicate.evidence.files.map(({ name }) => name).filter((name) => name.startsWith('seen/'));
    expect(names).toEqual(kept.map((number) => `seen/${number}/seen.txt`));
  });

  it('fails at once with one failure too many, and is an error after errors in a row', async () => {
    const { item, predicate } = await acting.run({
      bad: watch('pf'),
      blind: watch('pe', { consecutive_errors: 2 }),
    });
    expect(item('bad')).toMatchObject({
      state: 'failed',
      reason: '1 of 2 samples failed; none may: expected `ok`, but ok = false',
    });
    expect(item('bad')?.watch?.samples).toHaveLength(2);
    expect(item('blind')).toMatchObject({
      state: 'error',
      reason: '2 samples in a row could not measure: nothing to be seen',
    });
    expect(predicate.decision).toBe('NO_GO');
  });

  it('that would not fit into a report is an error at once, not after hours', async () => {
    const large = { with: { letters: 'p', bulk: 100_000 }, watch: { for: '30m', every: '1s' } };
    const { item } = await acting.run({ seen: look('p', large) });
    expect(item('seen')?.watch?.samples).toHaveLength(1);
    expect(item('seen')).toMatchObject({
      state: 'error',
      reason: expect.stringMatching(/^1801 samples of 100[0-9]{3} bytes are more than a report holds/),
    });
  });

  it('that is broken off goes on with what it saw, and what nobody saw is not counted as seen', async () => {
    // By a clock of its own: so it is the same on a machine that is busy.
    let now = Date.parse('2026-11-25T08:30:00Z');
    const clock = { now: () => new Date(now), monotonic: () => now };
    await acting.prepare({ seen: look('p', { watch: { for: '10m', every: '1m' } }) });
    const stop = new AbortController();
    let samples = 0;
    const sampled = (stopped: number) => {
      samples += 1;
      if (samples === stopped) stop.abort();
      now += 60_000;
    };
    const broken = acting.options({ progress: () => sampled(3) }, stop.signal, clock);
    await expect(runGate(broken)).rejects.toThrow('interrupted');
    now += 180_000;
    const going = { run: 'latest', repeat: [], giveUp: [], who: 'ada' };
    const again = acting.options({ progress: () => sampled(0) }, undefined, clock);
    const { item } = await acting.told(await resumeGate({ ...again, ...going }));
    // Of the 3m + 1m until the first sample of the second runner, the last sample before speaks for 1m30s.
    expect(item('seen')).toMatchObject({
      state: 'error',
      reason: 'only 75 % of the time was observed; at least 90 % has to be',
      watch: { observed_ms: 450_000 },
    });
    expect(item('seen')?.watch?.samples).toHaveLength(8);
  });
});

describe('what acted', () => {
  const failing = {
    one: act('one'),
    two: act('two', { needs: ['one'] }),
    three: act('three', { needs: ['two'] }),
    bad: look('f', { needs: ['two'] }),
    seen: look('p', { needs: ['one'], watch: { for: '20m', every: '200ms' } }),
    after: look('p', { needs: ['seen'] }),
    later: look('p', { needs: ['three'] }),
  };

  it('is undone when another item fails: the last first, each once, and nothing begins any more', async () => {
    const { item, log, predicate, folder } = await acting.run(failing, { timeout: '2h' });
    const acted = log.filter((word) => !word.startsWith('un-'));
    expect(log.slice(acted.length)).toEqual(acted.toReversed().map((word) => `un-${word}`));
    expect(await linesOf(folder, 'undo-finished')).toHaveLength(acted.length);
    expect(await linesOf(folder, 'run-halted')).toEqual([{ because: 'bad' }]);
    expect(item('one')).toMatchObject({ state: 'passed', undo: { state: 'passed' } });
    expect(item('seen')).toMatchObject({
      state: 'error',
      reason: expect.stringMatching(/^stopped: `bad` did not pass: it was watched for/),
    });
    expect(item('after')?.state).toBe('blocked');
    expect(predicate.decision).toBe('NO_GO');
  });

  it('does not begin once something has failed', async () => {
    const { item, log } = await acting.run(
      { bad: look('f'), mid: look('p'), on: act('on', { needs: ['mid'] }) },
      { concurrency: 1 },
    );
    expect(item('on')).toMatchObject({ state: 'blocked', reason: 'it did not begin: `bad` did not pass' });
    expect(log).toEqual([]);
  });

  it('and can not be undone is told before all else, and keeps nothing else from being undone', async () => {
    const { log, predicate, item } = await acting.run({
      one: act('one'),
      two: act('two', { needs: ['one'], undo: { check: 'act', with: { word: 'un-two', ok: false } } }),
      bad: look('e', { needs: ['two'] }),
    });
    expect(log).toEqual(['one', 'two', 'un-two', 'un-one']);
    expect(item('two')?.undo).toMatchObject({ state: 'failed', reason: 'expected `ok`, but ok = false' });
    expect(predicate.reasons[0]).toEqual({
      item: 'two',
      state: 'failed',
      text: 'NOT UNDONE: expected `ok`, but ok = false',
    });
    expect(predicate.decision).toBe('NO_GO');
  });

  it('is undone when it fails itself, and when the deadline passes', async () => {
    expect((await acting.run({ on: act('on', { with: { word: 'on', ok: false } }) })).log).toEqual([
      'on',
      'un-on',
    ]);
    const late = {
      on: act('on'),
      seen: look('p', { needs: ['on'], watch: { for: '900ms', every: '200ms' } }),
    };
    const { log, predicate } = await acting.run(late, { timeout: '901ms' });
    expect(log).toEqual(['on', 'un-on']);
    expect(predicate.decision).toBe('INCONCLUSIVE');
  });

  it('stays while a person has to answer', async () => {
    const { log, item } = await acting.run({
      on: act('on'),
      word: { attest: { role: 'qa' }, needs: ['on'] },
    });
    expect(log).toEqual(['on']);
    expect(item('on')?.undo).toBeUndefined();
  });

  it('is left alone where a person breaks the run off, and undone by the runner that goes on, but once', async () => {
    await acting.prepare({
      on: act('on'),
      next: act('next', { needs: ['on'] }),
      bad: look('pf', { needs: ['next'], watch: { for: '2s', every: '300ms' } }),
    });
    const stop = new AbortController();
    const progress: RunListener['progress'] = () => stop.abort();
    await expect(runGate(acting.options({ progress }, stop.signal))).rejects.toThrow('interrupted');
    expect(await acting.written()).toEqual(['on', 'next']);
    const again = new AbortController();
    const going = { run: 'latest', repeat: [], giveUp: [], who: 'ada' };
    // Broken off between the two: the first is not undone a second time.
    const undone = () => again.abort();
    await expect(resumeGate({ ...acting.options({ undone }, again.signal), ...going })).rejects.toThrow(
      'interrupted',
    );
    const { log, item } = await acting.told(await resumeGate({ ...acting.options(), ...going }));
    expect(log).toEqual(['on', 'next', 'un-next', 'un-on']);
    expect(item('next')?.undo?.attempts).toHaveLength(1);
  });
});

describe('the cutover', () => {
  const cut = (more: object = {}) => ({
    early: look('p', { fresh: { within: '2h', at: 'cutover' }, ...more }),
    slow: look('p', { needs: ['early'], watch: { for: '400ms', every: '200ms', min_observed: 0.1 } }),
    on: act('on', { needs: ['slow', 'early'], cutover: true }),
    open: look('p', { at: 'cutover' }),
  });

  it('looks at what has to be open and fresh right before it begins', async () => {
    const { item, log, folder } = await acting.run(cut());
    expect(log).toEqual(['on']);
    const { cutover, needs, attempts } = item('on') ?? {};
    expect(needs).toEqual(['slow', 'early', 'open']);
    expect(cutover?.fresh).toMatchObject([{ id: 'early', within_ms: 7_200_000, ok: true }]);
    expect(cutover?.fresh[0]?.age_ms).toBeGreaterThanOrEqual(400);
    expect(await linesOf(folder, 'cutover')).toEqual([{ id: 'on', ...cutover }]);
    const measured = item('open')?.attempts[0]?.started_at ?? '';
    expect(measured >= (item('slow')?.watch?.ended_at ?? '?')).toBe(true);
    expect(measured <= (cutover?.at ?? '')).toBe(true);
    expect((cutover?.at ?? '?') <= (attempts?.[0]?.started_at ?? '')).toBe(true);
  });

  it('does not come while something is too old: nothing is flipped', async () => {
    const { item, log, predicate } = await acting.run(cut({ fresh: { within: '300ms', at: 'cutover' } }));
    expect(log).toEqual([]);
    expect(item('on')).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(
        /^too old at the cutover: `early` was measured [0-9]s before; it may be 300ms old$/,
      ),
      attempts: [],
    });
    expect(predicate.decision).toBe('NO_GO');
  });

  it('does not come while what is measured at it does not pass', async () => {
    const { item, log } = await acting.run({ ...cut(), open: look('f', { at: 'cutover' }) });
    expect(log).toEqual([]);
    expect(item('on')).toMatchObject({ state: 'blocked', reason: 'it needs `open`, which is failed' });
  });

  it('comes in a rehearsal whatever the calendar says, and the item says so', async () => {
    const day = { check: 'day', with: { ok: false }, at: 'cutover' };
    const { item, log, predicate } = await acting.run({ ...cut(), open: day });
    expect(item('open')).toMatchObject({
      state: 'rehearsed',
      reason: 'in a release, the calendar answers this; now: expected `ok`, but ok = false',
      attempts: [{ state: 'failed' }],
    });
    expect(log).toEqual(['on']);
    expect(predicate.decision).toBe('REHEARSAL_GO');
  });
});
