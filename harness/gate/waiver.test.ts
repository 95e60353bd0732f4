import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { trustedKeys } from '../sign/trust.ts';
import { makeWaiver, openWaiver, type Waiver } from '../sign/waiver.ts';
import { testGate, testItem, testPerson, testSigners } from '../testing/run-folder.ts';
import {
  ada,
  at,
  digestOf,
  faults,
  grace,
  kofi,
  people,
  question,
  requestedAt,
  sampleGate,
  waiver,
} from '../testing/sample-waiver.ts';
import { signerOf } from '../testing/say.ts';
import { itemDigest } from './item-digest.ts';
import { signerProblems } from './satisfiable.ts';
import { evaluateWaiver, type WaiverQuestion, whyNotCovered } from './waiver.ts';

describe('a waiver', () => {
  it('counts when one person asked for it and another of the role approved it', async () => {
    expect(evaluateWaiver(question(await waiver()))).toEqual([]);
  });

  it.each<[string, string, () => Promise<WaiverQuestion>]>([
    ['expired', 'expired', async () => question(await waiver({ expires: '2026-11-25T08:30:00.000Z' }))],
    [
      'asked for later than now',
      'too-early',
      async () => question(await waiver(), { at: new Date(Date.parse(requestedAt) - 1) }),
    ],
    [
      'longer than the gate allows',
      'too-long',
      async () => question(await waiver({ expires: '2026-12-04T08:00:00.001Z' })),
    ],
    ['without an approval', 'unsigned', async () => question(await waiver({}, []))],
    [
      'approved by its requester with a second key',
      'self-approved',
      async () => question(await waiver({ requester: 'kofi' }, [kofi])),
    ],
    [
      'approved without the role',
      'not-entitled',
      async () => question(await waiver({ requester: 'ada' }, [grace])),
    ],
    ['signed by three', 'broken', async () => question(await waiver({}, [ada, kofi]))],
    ['for another gate', 'orphaned', async () => question(await waiver({ gate: 'other' }))],
    ['for an item that is no more', 'orphaned', async () => question(await waiver({ item: 'gone' }))],
    [
      'for another environment',
      'orphaned',
      async () => question(await waiver(), { environment: 'production' }),
    ],
    [
      'for a gate that takes none',
      'orphaned',
      async () => question(await waiver(), { gate: testGate([testItem('totals')]) }),
    ],
    [
      'for an item that asks for something else by now',
      'orphaned',
      async () => question(await waiver({}, [ada], { digest: 'a'.repeat(64) })),
    ],
  ])('T13: is void when it is %s', async (_name, fault, make) => {
    expect(faults(await make())).toEqual([fault]);
  });

  it('T8: is void when its approver is an author of the release, or asked for it', async () => {
    const release = { requester: 'bot', authors: [digestOf('ada@example.com')] };
    expect(faults(question(await waiver(), { release }))).toEqual(['not-entitled']);
    expect(faults(question(await waiver(), { release: { requester: 'ada', authors: [] } }))).toEqual([
      'not-entitled',
    ]);
    const relaxed = sampleGate();
    relaxed.sign.not_author = false;
    expect(faults(question(await waiver(), { gate: relaxed, release }))).toEqual([]);
  });

  it('T15: is void when the key of its approver was revoked or ran out before now', async () => {
    for (const change of [
      { revoked_at: '2026-11-24T00:00:00.000Z' },
      { not_after: '2026-11-24T00:00:00.000Z' },
    ]) {
      const keys = ada.keys.map((key) => ({ ...key, ...change }));
      const signers = testSigners([{ ...ada, keys }, grace, kofi]);
      expect(faults(question(await waiver({}, [ada], { signers })))).toEqual(['not-entitled']);
    }
  });

  it('T13: that names no expectation, or covers errors, is over-wide, and counts', async () => {
    const { expectations: _all, ...wide } = (await waiver()).said;
    const open = { ...(await waiver()), said: { ...wide, states: ['failed' as const, 'error' as const] } };
    expect(evaluateWaiver(question(open))).toMatchObject([
      { fault: 'over-wide', void: false },
      { fault: 'over-wide', void: false },
    ]);
  });

  it('T23: can be approved by somebody, or lint says that it can not', () => {
    const gate = sampleGate();
    expect(signerProblems(gate, testSigners(people))).toEqual([]);
    const nobody = signerProblems(gate, testSigners([grace]));
    expect(nobody.map(({ message }) => message).join()).toContain(
      'nobody in the signers file has the role `release-manager`',
    );
    const alone = testPerson('ada', ['release-manager', 'engineering']);
    const only = signerProblems(gate, testSigners([alone]));
    expect(only.map(({ message }) => message).join()).toContain('nobody approves a waiver of their own');
  });

  it('T9: takes nobody for its requester but who signed it first', async () => {
    const bytes = await makeWaiver(
      signerOf(ada),
      { ...(await waiver()).said, requester: 'grace' },
      'a'.repeat(64),
    );
    expect(() => openWaiver(bytes, trustedKeys(testSigners(people)), 'the waiver')).toThrow(
      'was not asked for by',
    );
  });

  it('T13: never counts outside its time, for whatever times it and the gate name', async () => {
    const sound = await waiver();
    const ms = fc.integer({ min: -40 * 86_400_000, max: 40 * 86_400_000 });
    fc.assert(
      fc.property(ms, ms, ms, fc.integer({ min: 1, max: 30 }), (requested, expires, now, days) => {
        const time = (offset: number) => new Date(at.getTime() + offset).toISOString();
        const said = { ...sound.said, requested_at: time(requested), expires: time(expires) };
        const gate = sampleGate({ waivers: { approve: 'release-manager', at_most: `${days}d` } });
        const counts =
          faults(question({ ...sound, said }, { gate, at: new Date(at.getTime() + now) })).length === 0;
        expect(counts).toBe(requested <= now && now < expires && expires - requested <= days * 86_400_000);
      }),
    );
  });
});

describe('what a waiver covers', () => {
  const judged = (outcomes: Record<string, 'true' | 'false' | 'error'>) => ({
    expectations: Object.entries(outcomes).map(([text, outcome]) => ({ text, outcome, operands: [] })),
  });

  it('T13: is exactly the expectations that it names', async () => {
    const { said } = await waiver();
    const outcome = fc.constantFrom('true' as const, 'false' as const, 'error' as const);
    fc.assert(
      fc.property(fc.array(fc.record({ named: outcome, beside: outcome }), { minLength: 1 }), (samples) => {
        const attempts = samples.map(({ named, beside }) =>
          judged({ 'rows > 0': named, 'rows < 9': beside }),
        );
        const covered = whyNotCovered(said, { state: 'failed', attempts }) === undefined;
        const all = samples.every(({ beside }) => beside === 'true');
        expect(covered).toBe(all && samples.some(({ named }) => named !== 'true'));
      }),
    );
  });

  it('is never a state that it does not name, nor what was not measured', async () => {
    const { said } = await waiver();
    const attempts = [judged({ 'rows > 0': 'false' })];
    expect(whyNotCovered(said, { state: 'error', attempts })).toContain('it is for failed');
    expect(whyNotCovered(said, { state: 'failed', attempts: [] })).toContain('nothing was measured');
    const { expectations: _all, ...open } = said;
    const stopped = { expectations: [], error: { code: 'INTERRUPTED', message: 'stopped', hint: '' } };
    const broad: Waiver = { ...open, states: ['error'] };
    expect(whyNotCovered(broad, { state: 'error', attempts: [stopped] })).toContain('it was stopped');
    const mute = { ...stopped, error: { ...stopped.error, code: 'NO_DATA' } };
    expect(whyNotCovered(broad, { state: 'error', attempts: [mute] })).toBeUndefined();
  });
});

describe('the digest of an item', () => {
  it('stays when words for readers change or keys change places, and follows all that is asked', () => {
    const [item] = sampleGate({}).items;
    if (!item) throw new Error('no item');
    const digest = itemDigest({ ...item, with: { a: 1, b: [2] } });
    const turned = Object.fromEntries(
      Object.entries({ ...item, with: { b: [2], a: 1 } }).reverse(),
    ) as typeof item;
    expect(itemDigest({ ...turned, title: 'Another', covers: ['M1'] })).toBe(digest);
    for (const change of [
      { with: { a: 2, b: [2] } },
      { expect: ['rows > 1'] },
      { retries: 1 },
      { needs: ['x'] },
    ]) {
      expect(itemDigest({ ...item, with: { a: 1, b: [2] }, ...change })).not.toBe(digest);
    }
  });
});
