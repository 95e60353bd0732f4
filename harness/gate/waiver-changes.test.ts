import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CountersignError } from '../errors.ts';
import { type TrustedKey, trustedKeys } from '../sign/trust.ts';
import { openWaiver, type Waiver } from '../sign/waiver.ts';
import { testSigners } from '../testing/run-folder.ts';
import { at, digestOf, faults, people, question, signedBytes, waiver } from '../testing/sample-waiver.ts';
import type { WaiverQuestion } from './waiver.ts';

describe('a sound waiver', () => {
  it('T13: does not outlive any change of what was signed, asked or trusted', async () => {
    const sound = question(await waiver());
    const later = (days: number) => new Date(at.getTime() + days * 86_400_000).toISOString();
    const saying = (said: Partial<Waiver>) => (of: WaiverQuestion) => {
      return { ...of, waiver: { ...of.waiver, said: { ...of.waiver.said, ...said } } };
    };
    const signedBy = (change: (of: TrustedKey[]) => TrustedKey[]) => (of: WaiverQuestion) => {
      return { ...of, waiver: { ...of.waiver, signedBy: change([...of.waiver.signedBy]) } };
    };
    const ofApprover = (change: (of: TrustedKey) => TrustedKey) =>
      signedBy((keys) => keys.map((key, index) => (index === 1 ? change(key) : key)));
    const name = fc.stringMatching(/^[a-z]{1,6}$/);
    const day = fc.integer({ min: 1, max: 400 });
    const change = fc.oneof(
      name.map((gate) => saying({ gate })),
      name.map((item) => saying({ item })),
      name.map((environment) => saying({ environment })),
      day.map((days) => saying({ expires: later(1 - days) })),
      day.map((days) => saying({ expires: later(9 + days) })),
      day.map((days) => saying({ requested_at: later(days) })),
      fc.constantFrom('', 'soon', '2026-13-01T00:00:00Z').map((expires) => saying({ expires })),
      name.map((role) => ofApprover((key) => ({ ...key, person: { ...key.person, roles: [role] } }))),
      name.map(() => signedBy(([first]) => (first ? [first, first] : []))),
      fc.constantFrom(0, 1, 3).map((count) => signedBy((keys) => [...keys, ...keys].slice(0, count))),
      day.map((days) =>
        ofApprover(({ key, ...of }) => ({ ...of, key: { ...key, revoked_at: later(-days) } })),
      ),
      day.map((days) =>
        ofApprover(({ key, ...of }) => ({ ...of, key: { ...key, not_after: later(-days) } })),
      ),
      day.map((days) =>
        ofApprover(({ key, ...of }) => ({ ...of, key: { ...key, not_before: later(days) } })),
      ),
      name.map((text) => (of: WaiverQuestion) => ({ ...of, environment: `${text}-x` })),
      name.map((text) => (of: WaiverQuestion) => {
        return { ...of, waiver: { ...of.waiver, itemSha256: digestOf(text) } };
      }),
    );
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
        const judge = (all: typeof changes) => faults(all.reduce((of, each) => each(of), sound));
        for (const each of changes) expect(judge([each])).not.toEqual([]);
        expect(judge(changes)).not.toEqual([]);
      }),
    );
  });

  it('T13: no byte of it can change', async () => {
    const bytes = await signedBytes({});
    const keys = trustedKeys(testSigners(people));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (index, mask) => {
        const changed = Buffer.from(bytes);
        changed[index] = (changed[index] ?? 0) ^ mask;
        expect(() => openWaiver(changed, keys, 'the waiver')).toThrow(CountersignError);
      }),
    );
  });
});
