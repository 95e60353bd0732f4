import type { Signers } from '../signers.ts';
import type { Saying, SayingType } from './schema.ts';

export function sayingsOf<T extends SayingType>(
  said: readonly Saying[],
  type: T,
): Extract<Saying, { type: T }>[] {
  return said.filter((one): one is Extract<Saying, { type: T }> => one.type === type);
}

export function withdrawalsOfGo(said: readonly Saying[]): Saying<'withdrawal'>[] {
  return sayingsOf(said, 'withdrawal').filter(({ of }) => of === 'go');
}

/** Have they taken their approval back? */
export function hasWithdrawn(said: readonly Saying[], person: string): boolean {
  return sayingsOf(said, 'withdrawal').some((one) => one.of === 'approval' && one.person === person);
}

/**
 * The signers as they are after the revocations of the journal. Those take approvals and attestations away, never a
 * rejection or a withdrawal: whoever holds a role could otherwise silence the one who stopped the release.
 */
export function afterRevocations(signers: Signers, said: readonly Saying[]): Signers {
  const revocations = sayingsOf(said, 'revocation');
  if (revocations.length === 0) return signers;
  const people = signers.people.map((person) => ({
    ...person,
    keys: person.keys.map((key) => {
      const times = revocations
        .filter(({ revoked_key }) => revoked_key === key.id)
        .map(({ revoked_at }) => revoked_at);
      const [earliest] = [...times, ...(key.revoked_at ? [key.revoked_at] : [])].sort(
        (a, b) => Date.parse(a) - Date.parse(b),
      );
      return earliest === undefined ? key : { ...key, revoked_at: earliest };
    }),
  }));
  return { ...signers, people };
}
