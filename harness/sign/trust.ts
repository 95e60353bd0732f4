import type { KeyObject } from 'node:crypto';
import { createHash } from 'node:crypto';
import { CountersignError } from '../errors.ts';
import type { SignOff } from '../report/schema.ts';
import { keyId, loadPublicKey } from './keys.ts';
import { assignRoles } from './roles.ts';
import type { Person, SignerKey, Signers } from './signers.ts';

export interface TrustedKey {
  person: Person;
  key: SignerKey;
  publicKey: KeyObject;
}

export type TrustedKeys = ReadonlyMap<string, TrustedKey>;

/** A signature that fits the bytes. `at` is when its maker says it was made; without it any moment is possible. */
export interface VerifiedSignature {
  keyid: string;
  at?: string;
}

export interface Approval {
  person: Person;
  keyid: string;
  role: string;
  at?: string;
}

export interface ApprovalCount {
  approvals: Approval[];
  /** Roles that nobody has signed for yet, with how many people are wanted. */
  missing: { role: string; count: number }[];
  /** Signatures that do not count, and why. */
  refused: { keyid: string; reason: string }[];
}

export interface ApprovalQuestion {
  policy: SignOff['policy'];
  signatures: readonly VerifiedSignature[];
  signers: Signers;
  release: AskedBy;
  validity: SignOff['validity'];
}

/** Those with a stake in the answer: none of them can give it. */
export interface AskedBy extends Pick<SignOff['release'], 'requester' | 'authors'> {
  /** People who asked for a waiver that the report rests on. */
  waivers?: readonly string[];
}

export function askedBy({ release, items }: Pick<SignOff, 'release' | 'items'>): AskedBy {
  return { ...release, waivers: items.flatMap(({ waiver }) => waiver?.requester ?? []) };
}

/** Every key of the signers file by its id; two people can't share one, nor can an id name another key. */
export function trustedKeys(signers: Signers): TrustedKeys {
  const keys = new Map<string, TrustedKey>();
  const people = new Set<string>();
  for (const person of signers.people) {
    if (people.has(person.id)) throw invalid(`the person ${person.id} stands in it twice`);
    people.add(person.id);
    for (const key of person.keys) {
      const publicKey = loadPublicKey(key.public);
      if (keyId(publicKey) !== key.id)
        throw invalid(`${key.id} of ${person.id} is not the id of its public key`);
      if (keys.has(key.id)) throw invalid(`the key ${key.id} stands in it twice`);
      keys.set(key.id, { person, key, publicKey });
    }
  }
  return keys;
}

/** Counts people, never keys or signatures; one person fills one role unless the gate says otherwise. */
export function countApprovals(question: ApprovalQuestion): ApprovalCount {
  const keys = trustedKeys(question.signers);
  const refused: ApprovalCount['refused'] = [];
  const eligible = new Map<string, { trusted: TrustedKey; signature: VerifiedSignature }>();
  for (const signature of question.signatures) {
    const trusted = keys.get(signature.keyid);
    const reason = trusted
      ? (whyNot(trusted, signature, question) ?? repeated(trusted, eligible))
      : 'it is nobody’s key in the signers file';
    if (reason || !trusted) refused.push({ keyid: signature.keyid, reason: reason ?? '' });
    else eligible.set(trusted.person.id, { trusted, signature });
  }
  const people = [...eligible.values()].map(({ trusted }) => trusted.person);
  const { filled, missing } = assignRoles(question.policy, people);
  const approvals = filled.flatMap(({ role, person }) => {
    const found = eligible.get(person);
    if (!found) return [];
    const { keyid, at } = found.signature;
    return [{ person: found.trusted.person, keyid, role, ...(at === undefined ? {} : { at }) }];
  });
  return { approvals, missing, refused };
}

function repeated(trusted: TrustedKey, eligible: ReadonlyMap<string, unknown>): string | undefined {
  return eligible.has(trusted.person.id) ? `${trusted.person.id} has signed already` : undefined;
}

function whyNot(
  trusted: TrustedKey,
  signature: VerifiedSignature,
  question: ApprovalQuestion,
): string | undefined {
  const { not_before, not_after } = question.validity;
  if (signature.at && !isBetween(signature.at, not_before, not_after)) {
    return `it was made at ${signature.at}, outside the time in which the report can be signed`;
  }
  const span = signature.at ? { from: signature.at, to: signature.at } : { from: not_before, to: not_after };
  return (
    whyNotKey(trusted.key, span) ??
    whyNotPerson(trusted.person, question.policy, question.release, question.signers.rehearsal === true)
  );
}

function isBetween(at: string, from: string, to: string): boolean {
  return Date.parse(from) <= Date.parse(at) && Date.parse(at) <= Date.parse(to);
}

/**
 * A signature without a time must have been good whenever it was made. RFC 3339 has moments that no clock of ours
 * shows, such as a leap second: nothing compares with them, so each comparison asks for what must hold.
 */
export function whyNotKey(key: SignerKey, span: { from: string; to: string }): string | undefined {
  const [from, to] = [Date.parse(span.from), Date.parse(span.to)];
  if (Number.isNaN(from) || Number.isNaN(to)) return `${span.to} is a moment that no clock shows`;
  if (key.not_before && !(Date.parse(key.not_before) <= from))
    return `the key is valid from ${key.not_before} only`;
  if (key.not_after && !(to <= Date.parse(key.not_after))) return `the key was valid until ${key.not_after}`;
  if (isRevokedAt(key, span.to)) return `the key was revoked at ${key.revoked_at}`;
  return undefined;
}

/** A signature of that moment or later counts no more. */
export function isRevokedAt({ revoked_at }: SignerKey, at: string): boolean {
  return revoked_at !== undefined && !(Date.parse(at) < Date.parse(revoked_at));
}

/** The people of a rehearsal are made up: they have no e-mail address that could be an author's. */
export function whyNotPerson(
  person: Person,
  policy: SignOff['policy'],
  release: AskedBy,
  rehearsal: boolean,
): string | undefined {
  if (!policy.require.some(({ role }) => person.roles.includes(role))) {
    return `${person.id} has none of the roles that the gate asks for`;
  }
  if (!policy.not_author) return undefined;
  const emails = (person.emails ?? []).map((email) => email.toLowerCase());
  if (isRequester(release.requester, [person.id, person.name, ...emails])) {
    return `${person.id} asked for this release`;
  }
  if (release.waivers?.includes(person.id) && !rehearsal) return `${person.id} asked for a waiver in it`;
  if (emails.some((email) => release.authors.includes(digest(email)))) {
    return `${person.id} is an author of this release`;
  }
  if (emails.length === 0 && release.authors.length > 0 && !rehearsal) {
    return `${person.id} has no e-mail address in the signers file, so nobody can tell whether they are an author`;
  }
  return undefined;
}

function isRequester(requester: string, names: readonly string[]): boolean {
  const said = requester.toLowerCase();
  const inBrackets = /<([^<>]+)>\s*$/.exec(said)?.[1];
  return names.some((name) => [said, inBrackets].includes(name.toLowerCase()));
}

function digest(email: string): string {
  return createHash('sha256').update(email).digest('hex');
}

function invalid(message: string): CountersignError {
  return new CountersignError('CONFIG_INVALID', `the signers file can not be trusted: ${message}`);
}
