import type { SignOff } from '../report/schema.ts';
import type { Person } from './signers.ts';

export interface RoleAssignment {
  filled: { role: string; person: string }[];
  missing: { role: string; count: number }[];
}

type Slot = { role: string; person?: string };

/**
 * Who fills which role. With `distinct_people` this is a matching: a person with two roles must not take the one
 * that only they can spare. People earlier in the list keep a place once they have one.
 */
export function assignRoles(
  policy: Pick<SignOff['policy'], 'require' | 'distinct_people'>,
  people: readonly Person[],
): RoleAssignment {
  const slots = policy.require.flatMap(({ role, count }) =>
    Array.from({ length: count }, (): Slot => ({ role })),
  );
  if (policy.distinct_people) {
    for (const person of people) place(person, slots, people, new Set());
  } else {
    for (const slot of slots) fillFreely(slot, slots, people);
  }
  return {
    filled: slots.flatMap(({ role, person }) => (person === undefined ? [] : [{ role, person }])),
    missing: [...new Set(policy.require.map(({ role }) => role))].flatMap((role) => {
      const count = slots.filter((slot) => slot.role === role && slot.person === undefined).length;
      return count > 0 ? [{ role, count }] : [];
    }),
  };
}

/** An augmenting path: moves people who are placed already if that makes room. */
function place(person: Person, slots: readonly Slot[], people: readonly Person[], tried: Set<Slot>): boolean {
  for (const slot of slots) {
    if (!person.roles.includes(slot.role) || tried.has(slot)) continue;
    tried.add(slot);
    const holder = people.find(({ id }) => id === slot.person);
    if (!holder || place(holder, slots, people, tried)) {
      slot.person = person.id;
      return true;
    }
  }
  return false;
}

/** One person may fill several roles, but never two places of the same role. */
function fillFreely(slot: Slot, slots: readonly Slot[], people: readonly Person[]): void {
  const found = people.find(
    (person) =>
      person.roles.includes(slot.role) &&
      !slots.some((other) => other.role === slot.role && other.person === person.id),
  );
  if (found) slot.person = found.id;
}
