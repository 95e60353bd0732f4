import { describe, expect, it } from 'vitest';
import { createSampler } from './moderation-samples.ts';

describe('D7: samples of decisions', () => {
  const sampler = (rate: number, random: () => number = Math.random) => {
    const told: unknown[] = [];
    const drops: string[] = [];
    let time = 0;
    const log = { info: (line: unknown) => told.push(line) } as never;
    const dropped = (reason: string) => drops.push(reason);
    const sample = createSampler({ rate, log, dropped, random, now: () => time });
    const offer = (note: string | null = null) =>
      sample({
        action: 'purchase',
        seconds: 0.001,
        allowed: note === null,
        reason_code: null,
        sanction_id: null,
        note,
      });
    return { told, drops, offer, wait: (ms: number) => (time += ms) };
  };

  it('D7: samples the share of decisions that is set, none at 0 and all at 1', () => {
    for (const [rate, expected] of [
      [0, 0],
      [0.1, 1],
      [1, 10],
    ] as const) {
      let turn = 0;
      const { told, drops, offer } = sampler(rate, () => turn++ / 10);
      for (let count = 0; count < 10; count++) offer();
      expect([told.length, drops], String(rate)).toEqual([expected, []]);
    }
  });

  it('D7: writes ten samples a second at most, and counts those that it leaves out', () => {
    const { told, drops, offer, wait } = sampler(1);
    for (let count = 0; count < 12; count++) offer();
    wait(999);
    offer();
    expect([told.length, drops]).toEqual([10, ['rate_limited', 'rate_limited', 'rate_limited']]);
    wait(1);
    offer();
    expect([told.length, drops.length]).toEqual([11, 3]);
  });

  it('D7: writes no sample whose note names somebody', () => {
    const { told, drops, offer } = sampler(1);
    for (const note of ['see jo@example.com', 'call 08031234567', 'shouting in chat']) offer(note);
    expect(drops).toEqual(['pii_rejected', 'pii_rejected']);
    expect(told).toMatchObject([
      { event: 'moderation.decision.sampled', payload: { note: 'shouting in chat' } },
    ]);
  });
});
