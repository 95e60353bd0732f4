import { describe, expect, it } from 'vitest';
import { Ending, endWithSignal } from './ending.ts';

describe('Ending', () => {
  it('stops everything once, with the first reason', () => {
    const ending = new Ending();
    let stopped = 0;
    ending.onEnd(() => (stopped += 1));
    const signal = ending.signal;
    ending.end('first');
    ending.end('second');
    expect([stopped, ending.reason, signal.reason]).toEqual([1, 'first', 'first']);
  });

  it('leaves alone what was let go, and stops at once what comes too late', () => {
    const ending = new Ending();
    const stopped: string[] = [];
    ending.onEnd(() => stopped.push('let go'))();
    ending.end();
    ending.onEnd(() => stopped.push('late'));
    expect(stopped).toEqual(['late']);
    expect(ending.signal.aborted).toBe(true);
  });

  it('comes with a signal that many share, for those that still are under way', () => {
    const controller = new AbortController();
    const [over, running, late] = [new Ending(), new Ending(), new Ending()];
    endWithSignal(over, controller.signal)();
    endWithSignal(running, controller.signal);
    controller.abort('stop');
    endWithSignal(late, controller.signal);
    expect([over.isOver, running.reason, late.reason]).toEqual([false, 'stop', 'stop']);
  });
});
