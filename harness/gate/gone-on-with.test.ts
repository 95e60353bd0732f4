import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../commands/clock.ts';
import { act, actingProject, killedWith, linesOf, look } from '../testing/acting-project.ts';
import type { JournalEntry } from './journal.ts';
import { type ResumeOptions, resumeGate } from './resume.ts';
import type { RunListener } from './run.ts';
import { runGate } from './session.ts';

let acting: Awaited<ReturnType<typeof actingProject>>;
beforeAll(async () => {
  acting = await actingProject();
});

const HOUR = 3_600_000;
const later = (milliseconds: () => number) => ({
  ...systemClock,
  now: () => new Date(systemClock.now().getTime() + milliseconds()),
});

async function resume(given: Partial<ResumeOptions> = {}) {
  const going = { run: 'latest', repeat: [], giveUp: [], who: 'ada', ...given };
  return acting.told(await resumeGate({ ...acting.options(), ...going }));
}

/** Lines up to and with the first one of that type and item. */
function upTo(type: string, id: string): (line: JournalEntry) => boolean {
  let over = false;
  return (line) => {
    const kept = !over;
    over ||= line.type === type && (line.data as { id?: string }).id === id;
    return kept;
  };
}

/** Lines of no item, and those of these items and types. */
function only(kept: Record<string, readonly string[]>): (line: JournalEntry) => boolean {
  return ({ type, data }) => {
    const { id } = data as { id?: string };
    if (id === undefined || type === 'run-started') return !/^run-(halted|finished)/.test(type);
    return kept[id]?.includes(type) ?? false;
  };
}

const ENDED = ['attempt-started', 'attempt-finished', 'item-finished'];

describe('a cutover whose runner was killed', () => {
  const cut = { open: look('p', { at: 'cutover' }), on: act('on', { cutover: true }) };

  it('before it comes hours later only after a look at what has to be so at that moment', async () => {
    const { folder } = await acting.run(cut);
    await killedWith(folder, upTo('item-finished', 'open'));
    const begun = Date.now();
    const { item, predicate, log } = await resume({ clock: later(() => 3 * HOUR) });
    expect(Date.parse(item('open')?.attempts[0]?.started_at ?? '')).toBeGreaterThanOrEqual(begun + 3 * HOUR);
    expect(item('open')?.attempts).toHaveLength(1);
    expect(predicate.release.notes.join()).toContain('`open` was measured again');
    expect(log).toEqual(['on', 'on']);
    expect(predicate.evidence.files.filter(({ name }) => name.startsWith('open/'))).toHaveLength(1);
  });

  it('before it still knows that this was flaky', async () => {
    const shaky = look('fp', { at: 'cutover', retries: 1, retry_after: '1ms' });
    const { folder } = await acting.run({ ...cut, open: shaky });
    await killedWith(folder, upTo('item-finished', 'open'));
    const { item } = await resume();
    expect(item('open')).toMatchObject({ state: 'flaky', attempts: [{ state: 'failed' }, {}] });
  });

  it('right after it has gone live once, then and not now', async () => {
    const early = look('p', { fresh: { within: '2h', at: 'cutover' } });
    const { folder, item: first } = await acting.run({
      early,
      ...cut,
      on: act('on', { needs: ['early'], cutover: true }),
    });
    await killedWith(folder, upTo('attempt-finished', 'on'));
    const { item, log, predicate } = await resume({ clock: later(() => 3 * HOUR) });
    expect(log).toEqual(['on']);
    expect(item('on')).toEqual(first('on'));
    expect(item('open')).toEqual(first('open'));
    expect(predicate.decision).toBe('REHEARSAL_GO');
  });
});

it('a cutover that had to wait for its place does not rest on an old look', async () => {
  let ahead = 0;
  await acting.prepare({ open: look('p', { at: 'cutover' }), on: act('on', { cutover: true }) });
  const attempted: RunListener['attempted'] = () => {
    ahead = 600_000;
  };
  const { item, log } = await acting.told(
    await runGate(
      acting.options(
        { attempted },
        undefined,
        later(() => ahead),
      ),
    ),
  );
  expect(log).toEqual([]);
  expect(item('on')).toMatchObject({
    state: 'failed',
    reason: expect.stringMatching(
      /^too old at the cutover: `open` was measured 10m.* before; it may be 5m old$/,
    ),
  });
});

it('nothing goes live once something has failed, whether that can be undone or not', async () => {
  const on = act('on', { needs: ['mid'], cutover: true, undo: undefined });
  const { item, log } = await acting.run({ bad: look('f'), mid: look('p'), on }, { concurrency: 1 });
  expect(item('on')).toMatchObject({ state: 'blocked', reason: 'it did not begin: `bad` did not pass' });
  expect(log).toEqual([]);
});

describe('what acted', () => {
  it('and was run again is taken back first, since it began last', async () => {
    const { folder } = await acting.run({
      one: act('one'),
      two: act('two'),
      bad: look('f', { needs: ['one', 'two'] }),
    });
    await killedWith(folder, only({ one: ['attempt-started'], two: ENDED }));
    const before = (await acting.written()).length;
    const { log } = await resume({ repeat: ['one'] });
    expect(log.slice(before)).toEqual(['one', 'un-one', 'un-two']);
  });

  it('is not followed by more where a runner ended between a failure and its halt', async () => {
    const { folder } = await acting.run({ late: act('late'), one: act('one'), bad: look('f') });
    await killedWith(folder, only({ one: ENDED, bad: ENDED }));
    const before = (await acting.written()).length;
    const { log, item } = await resume();
    expect(log.slice(before)).toEqual(['un-one']);
    expect(item('late')?.state).toBe('blocked');
    expect(await linesOf(folder, 'run-halted')).toEqual([{ because: 'bad' }]);
  });

  it('just as it was broken off has been done, and nobody has to decide anything', async () => {
    await acting.prepare({ on: act('on'), next: look('p', { needs: ['on'] }) });
    const stop = new AbortController();
    (process as NodeJS.EventEmitter).once('acted', () => stop.abort());
    await expect(runGate(acting.options({}, stop.signal))).rejects.toThrow('interrupted');
    const { log, item } = await resume();
    expect(log).toEqual(['on']);
    expect(item('on')?.state).toBe('passed');
  });

  it('is taken back at its source after the deadline, too', async () => {
    const asked: string[] = [];
    const server = createServer(({ method }, answer) => {
      asked.push(String(method));
      answer.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const calling = await actingProject({ sources: { api: { kind: 'http', url } } });
    const call = (method: string) => ({ check: 'call', with: { method, path: '/flag' } });
    const seen = look('p', { needs: ['on'], watch: { for: '900ms', every: '300ms' } });
    const { item } = await calling.run(
      { on: { ...call('PUT'), undo: call('DELETE') }, seen },
      { timeout: '901ms' },
    );
    server.close();
    expect(item('on')?.undo).toMatchObject({ state: 'passed' });
    expect(asked).toEqual(['PUT', 'DELETE']);
  });
});
