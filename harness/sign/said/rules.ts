import { exitOf } from '../../gate/verdict.ts';
import type { SignOff, Statement } from '../../report/schema.ts';
import { type TrustedKey, type TrustedKeys, whyNotKey } from '../trust.ts';
import type { Saying } from './schema.ts';

export interface Circumstances {
  statement: Statement;
  keys: TrustedKeys;
  /** What stands in the journal before it. */
  before: readonly Saying[];
}

/** Why a statement counts for nothing, or nothing. The same rules for whoever makes it and whoever reads it. */
export function whyNotSay(saying: Saying, by: TrustedKey, given: Circumstances): string | undefined {
  if (saying.type === 'approval') return whyNotApprove(saying, given);
  return whyNotNow(saying, by, given) ?? whyNotThis(saying, by, given);
}

/** Where it stands is no claim: what was approved after the key was revoked is not believed to be older. */
function whyNotApprove({ key }: Saying, { before }: Circumstances): string | undefined {
  if (before.some((one) => one.type === 'approval' && one.key === key)) return 'it repeats an approval';
  const revoked = before.find((one) => one.type === 'revocation' && one.revoked_key === key);
  return revoked && `it was made after line ${revoked.line}, in which its key was revoked`;
}

function whyNotNow(saying: Saying, { key }: TrustedKey, { statement }: Circumstances): string | undefined {
  const frozen = statement.predicate.validity.not_before;
  if (!saying.earlier && !(Date.parse(saying.at) >= Date.parse(frozen)))
    return `it was said at ${saying.at}, before the report was frozen at ${frozen}`;
  return whyNotKey(key, { from: saying.at, to: saying.at });
}

function whyNotThis(saying: Saying, by: TrustedKey, given: Circumstances): string | undefined {
  switch (saying.type) {
    case 'rejection':
      if (saysAlready(saying, given)) return `${saying.person} has rejected this report already`;
      return whyNoRole(by, given);
    case 'withdrawal':
      return whyNotWithdraw(saying, by, given);
    case 'revocation':
      return whyNotRevoke(saying, by, given);
    default:
      return undefined;
  }
}

function whyNotWithdraw(
  saying: Saying<'withdrawal'>,
  by: TrustedKey,
  given: Circumstances,
): string | undefined {
  const { decision } = given.statement.predicate;
  if (
    given.before.some(
      (one) => one.type === 'withdrawal' && one.of === saying.of && one.person === saying.person,
    )
  )
    return `${saying.person} has withdrawn ${saying.of === 'go' ? 'the GO' : 'their approval'} already`;
  if (saying.of === 'approval') {
    return given.before.some((one) => one.type === 'approval' && one.person === saying.person)
      ? undefined
      : `${saying.person} has not approved this report`;
  }
  if (exitOf(decision) !== 0) return `the decision is ${decision}: there is no GO to withdraw`;
  return whyNoRole(by, given);
}

function whyNotRevoke(
  saying: Saying<'revocation'>,
  by: TrustedKey,
  given: Circumstances,
): string | undefined {
  const owner = given.keys.get(saying.revoked_key)?.person;
  if (!owner) return `${saying.revoked_key} is nobody's key in the signers file`;
  if (saying.revoked_key === saying.key) return 'a key does not revoke itself: use another one';
  if (!(Date.parse(saying.revoked_at) <= Date.parse(saying.at)))
    return `${saying.revoked_at} is in the future`;
  return owner.id === saying.person ? undefined : whyNoRole(by, given);
}

function saysAlready(saying: Saying, { before }: Circumstances): boolean {
  return before.some((one) => one.type === saying.type && one.person === saying.person);
}

/** Whoever could have signed may stop: authors and the requester too, since to stop takes no trust. */
function whyNoRole({ person }: TrustedKey, { statement }: Circumstances): string | undefined {
  const roles = askedRoles(statement.predicate);
  return person.roles.some((role) => roles.includes(role))
    ? undefined
    : `${person.id} has none of the roles that the gate asks for: ${roles.join(', ')}`;
}

/** Roles of the signatures, and of the items that a person answers. */
export function askedRoles({ policy, items }: Pick<SignOff, 'policy' | 'items'>): string[] {
  const attests = items.flatMap(({ attest }) => (attest ? [attest.role] : []));
  return [...new Set([...policy.require.map(({ role }) => role), ...attests])];
}
