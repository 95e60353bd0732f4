import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  EXPIRES_AT,
  FROZEN_AT,
  SIGNED_AT,
  type TestPerson,
  testPerson,
  testSigners,
} from '../testing/run-folder.ts';
import { assignRoles } from './roles.ts';
import type { Person } from './signers.ts';
import { countApprovals, trustedKeys, whyNotKey } from './trust.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering']);
const cyd = testPerson('cyd', ['release-manager', 'engineering'], { keys: 2 });

const policy = {
  require: [
    { role: 'release-manager', count: 1 },
    { role: 'engineering', count: 1 },
  ],
  distinct_people: true,
  not_author: true,
};
const release = { requester: 'release-bot', authors: [] as string[] };
const validity = { not_before: FROZEN_AT, not_after: EXPIRES_AT };

function count(
  people: TestPerson[],
  signatures: { keyid: string; at?: string }[],
  overrides: Partial<Parameters<typeof countApprovals>[0]> = {},
) {
  return countApprovals({
    policy,
    signatures,
    signers: testSigners(people),
    release,
    validity,
    ...overrides,
  });
}

const by = (person: TestPerson, key = 0, at = SIGNED_AT) => ({ keyid: person.keys[key]?.id ?? '', at });
const reasons = (result: ReturnType<typeof count>) => result.refused.map(({ reason }) => reason);

describe('who counts', () => {
  test('one person for each role is enough', () => {
    const result = count([ada, ben], [by(ada), by(ben)]);
    expect(result.missing).toEqual([]);
    expect(result.approvals.map(({ role, person }) => `${role}: ${person.id}`)).toEqual([
      'release-manager: ada',
      'engineering: ben',
    ]);
  });

  test('nobody has signed: every role is missing', () => {
    expect(count([ada, ben], []).missing).toEqual(policy.require);
  });

  test('T6: the same key twice counts once', () => {
    const twice = { ...policy, require: [{ role: 'engineering', count: 2 }] };
    const result = count([ben], [by(ben), by(ben)], { policy: twice });
    expect(result.missing).toEqual([{ role: 'engineering', count: 1 }]);
    expect(reasons(result)).toEqual(['ben has signed already']);
  });

  test('T7: two keys of one person count once', () => {
    const result = count([cyd], [by(cyd, 0), by(cyd, 1)]);
    expect(result.missing).toHaveLength(1);
    expect(reasons(result)).toEqual(['cyd has signed already']);
  });

  test('a person with two roles makes room for one who has only one of them', () => {
    expect(count([ada, cyd], [by(cyd), by(ada)]).missing).toEqual([]);
  });

  test('one person fills both roles only where the gate says so', () => {
    expect(count([cyd], [by(cyd)]).missing).toEqual([{ role: 'engineering', count: 1 }]);
    expect(count([cyd], [by(cyd)], { policy: { ...policy, distinct_people: false } }).missing).toEqual([]);
  });

  test('a key that nobody has, and a person without a wanted role, do not count', () => {
    const eve = testPerson('eve', ['marketing']);
    const result = count([ada, eve], [by(eve), { keyid: `SHA256:${'x'.repeat(43)}` }]);
    expect(result.approvals).toEqual([]);
    expect(reasons(result)).toEqual([
      'eve has none of the roles that the gate asks for',
      'it is nobody’s key in the signers file',
    ]);
  });
});

describe('who may not sign', () => {
  const authors = [createHash('sha256').update('ada@example.com').digest('hex')];

  test.each(['ada', 'Ada', 'ADA@example.com', 'Somebody <ada@example.com>'])(
    'T8: the requester, written %s',
    (requester) => {
      expect(reasons(count([ada], [by(ada)], { release: { ...release, requester } }))).toEqual([
        'ada asked for this release',
      ]);
    },
  );

  test('T8: an author of the release, however the address is spelt', () => {
    const shouting = { ...ada, emails: ['other@example.com', 'Ada@Example.com'] };
    expect(reasons(count([shouting], [by(ada)], { release: { ...release, authors } }))).toEqual([
      'ada is an author of this release',
    ]);
  });

  test('a person of whom nobody can tell whether they are an author', () => {
    const { emails: _, ...unknown } = ada;
    expect(reasons(count([unknown], [by(ada)], { release: { ...release, authors } }))[0]).toContain(
      'nobody can tell',
    );
  });

  test('unless the gate lets authors sign', () => {
    const lax = { ...policy, not_author: false };
    expect(reasons(count([ada], [by(ada)], { policy: lax, release: { requester: 'ada', authors } }))).toEqual(
      [],
    );
  });
});

describe('when a key counts', () => {
  const withKey = (dates: Partial<TestPerson['keys'][number]>): TestPerson => ({
    ...ada,
    keys: ada.keys.map((key) => ({ ...key, ...dates })),
  });
  const before = '2026-11-25T08:59:59.999Z';
  const after = '2026-11-25T09:00:00.001Z';
  /** A leap second: a moment by RFC 3339, and none to JavaScript. */
  const leap = '2016-12-31T23:59:60Z';

  test.each([
    ['not yet valid', { not_before: after }, true],
    ['valid from that moment', { not_before: SIGNED_AT }, false],
    ['no longer valid', { not_after: before }, true],
    ['valid up to that moment', { not_after: SIGNED_AT }, false],
    ['revoked before', { revoked_at: before }, true],
    ['revoked at that moment', { revoked_at: SIGNED_AT }, true],
    ['revoked later', { revoked_at: after }, false],
    ['valid from a moment that no clock shows', { not_before: leap }, true],
    ['valid up to such a moment', { not_after: leap }, true],
    ['revoked at such a moment', { revoked_at: leap }, true],
  ])('%s', (_, dates, refused) => {
    expect(reasons(count([withKey(dates)], [by(ada)]))).toHaveLength(refused ? 1 : 0);
  });

  test('a signature that was made at a moment that no clock shows does not count', () => {
    expect(reasons(count([ada], [by(ada, 0, leap)]))).toHaveLength(1);
    const key = { id: '', public: '' };
    expect(whyNotKey(key, { from: leap, to: leap })).toContain('no clock shows');
  });

  test('T15: a signature without a time needs a key that was good all along', () => {
    const person = withKey({ revoked_at: '2026-11-26T08:00:00.000Z' });
    expect(reasons(count([person], [by(ada)]))).toEqual([]);
    expect(reasons(count([person], [{ keyid: by(ada).keyid }]))[0]).toContain('revoked');
  });

  test('T16: a signature from before the freeze or after the end of validity does not count', () => {
    expect(reasons(count([ada], [by(ada, 0, '2026-11-25T08:29:59.999Z')]))[0]).toContain('outside the time');
    expect(reasons(count([ada], [by(ada, 0, '2026-11-26T08:30:00.001Z')]))[0]).toContain('outside the time');
  });
});

describe('a signers file that can not be trusted', () => {
  test('T19: an id that is not of the key beside it', () => {
    const forged = {
      ...ada,
      keys: ada.keys.map((key) => ({ ...key, publicPem: ben.keys[0]?.publicPem ?? '' })),
    };
    expect(() => trustedKeys(testSigners([forged]))).toThrow('is not the id of its public key');
  });

  test('one key for two people, or one person twice', () => {
    expect(() => trustedKeys(testSigners([ada, { ...ada, id: 'eve' }]))).toThrow('stands in it twice');
    expect(() => trustedKeys(testSigners([ada, { ...ben, id: 'ada' }]))).toThrow(
      'the person ada stands in it twice',
    );
  });
});

describe('filling roles', () => {
  const role = fc.constantFrom('a', 'b', 'c');
  const people = fc
    .array(fc.uniqueArray(role, { minLength: 1 }), { maxLength: 5 })
    .map((roles) => roles.map((of, index): Person => ({ id: `p${index}`, name: '', roles: of, keys: [] })));
  const require = fc.uniqueArray(fc.record({ role, count: fc.integer({ min: 1, max: 2 }) }), {
    minLength: 1,
    selector: (entry) => entry.role,
  });

  test('fills as many places as any way of placing distinct people could', () => {
    fc.assert(
      fc.property(people, require, (who, wanted) => {
        const { filled } = assignRoles({ require: wanted, distinct_people: true }, who);
        expect(new Set(filled.map(({ person }) => person)).size).toBe(filled.length);
        for (const { role: of, person } of filled)
          expect(who.find(({ id }) => id === person)?.roles).toContain(of);
        const slots = wanted.flatMap((entry) => Array.from({ length: entry.count }, () => entry.role));
        expect(filled.length).toBe(bestByTryingAll(slots, who));
      }),
    );
  });

  test('a further signature never takes a filled place away', () => {
    fc.assert(
      fc.property(people, require, fc.boolean(), (who, wanted, distinct) => {
        const filled = (some: Person[]) =>
          assignRoles({ require: wanted, distinct_people: distinct }, some).filled.length;
        for (let length = 0; length < who.length; length += 1) {
          expect(filled(who.slice(0, length + 1))).toBeGreaterThanOrEqual(filled(who.slice(0, length)));
        }
      }),
    );
  });
});

function bestByTryingAll([slot, ...slots]: string[], people: readonly Person[]): number {
  if (slot === undefined) return 0;
  const without = bestByTryingAll(slots, people);
  const withOne = people
    .filter((person) => person.roles.includes(slot))
    .map(
      (person) =>
        1 +
        bestByTryingAll(
          slots,
          people.filter((other) => other !== person),
        ),
    );
  return Math.max(without, ...withOne);
}
