import type { Signers } from '../sign/signers.ts';
import type { PlanProblem } from './plan.ts';
import type { Gate } from './schema.ts';

/** What no set of signatures could ever fulfil. Pure. */
export function signerProblems(gate: Gate, signers: Signers): PlanProblem[] {
  const problems: PlanProblem[] = [];
  const withRole = (role: string) => signers.people.filter(({ roles }) => roles.includes(role));
  for (const [index, { role, count = 1 }] of gate.sign.require.entries()) {
    const people = withRole(role);
    if (people.length < count) {
      problems.push({
        path: ['sign', 'require', index],
        message: `${count} of role \`${role}\` must sign, and the signers file has ${people.length}`,
        hint: 'give the role to more people, or ask for fewer',
      });
    }
  }
  for (const [index, item] of gate.items.entries()) {
    if (item.attest && withRole(item.attest.role).length === 0) {
      problems.push({
        path: ['items', index, 'attest', 'role'],
        message: `nobody in the signers file has the role \`${item.attest.role}\`, so \`${item.id}\` can never be attested`,
      });
    }
  }
  problems.push(...waiverProblems(gate, signers), ...neverBegun(gate));
  if (problems.length === 0 && gate.sign.distinct_people !== false && !enoughPeople(gate, signers)) {
    problems.push({
      path: ['sign', 'require'],
      message: 'there are not enough different people to fill every role',
      hint: 'one person fills one role only; `distinct_people: false` would relax that',
    });
  }
  return problems;
}

/** A waiver takes two: one who asks for it, and another who has the role. */
function waiverProblems({ waivers }: Gate, { people }: Signers): PlanProblem[] {
  if (!waivers) return [];
  const path = ['waivers', 'approve'];
  const approvers = people.filter(({ roles }) => roles.includes(waivers.approve));
  if (approvers.length === 0) {
    const message = `nobody in the signers file has the role \`${waivers.approve}\`, so no waiver can be approved`;
    return [{ path, message, hint: 'give somebody the role, or take `waivers` away' }];
  }
  if (people.length > 1) return [];
  const message = `${approvers[0]?.id} is alone in the signers file, and nobody approves a waiver of their own`;
  return [{ path, message, hint: 'add a second person, or take `waivers` away' }];
}

/** People answer when the run is over, so nothing in the run can wait for them. */
function neverBegun({ items }: Gate): PlanProblem[] {
  const manual = new Set(items.filter(({ attest }) => attest).map(({ id }) => id));
  return items.flatMap(({ id, needs = [] }, index) =>
    needs.flatMap((need, position) =>
      manual.has(need)
        ? [
            {
              path: ['items', index, 'needs', position],
              message: `\`${id}\` could never begin: it needs \`${need}\`, which a person answers after the run`,
              hint: 'let the person speak `about` this item instead, or make two gates of it',
            },
          ]
        : [],
    ),
  );
}

/** Can each required slot get a person of its own? Augmenting paths over slots and people. */
function enoughPeople(gate: Gate, signers: Signers): boolean {
  const slots = gate.sign.require.flatMap(({ role, count = 1 }) => Array.from({ length: count }, () => role));
  const slotOf = new Map<string, number>();
  const place = (slot: number, tried: Set<string>): boolean =>
    signers.people.some(({ id, roles }) => {
      if (!roles.includes(slots[slot] ?? '') || tried.has(id)) return false;
      tried.add(id);
      const taken = slotOf.get(id);
      if (taken !== undefined && !place(taken, tried)) return false;
      slotOf.set(id, slot);
      return true;
    });
  return slots.every((_, slot) => place(slot, new Set()));
}
