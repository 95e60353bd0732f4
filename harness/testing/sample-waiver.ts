import { createHash } from 'node:crypto';
import { itemDigest } from '../gate/item-digest.ts';
import type { Gate } from '../gate/schema.ts';
import { evaluateWaiver, type WaiverQuestion } from '../gate/waiver.ts';
import type { Signers } from '../sign/signers.ts';
import { trustedKeys } from '../sign/trust.ts';
import { countersignWaiver, makeWaiver, type OpenWaiver, openWaiver, type Waiver } from '../sign/waiver.ts';
import { type TestPerson, testGate, testItem, testPerson, testSigners } from './run-folder.ts';
import { signerOf } from './say.ts';

/** May approve waivers; asked for none. */
export const ada = testPerson('ada', ['release-manager']);
export const grace = testPerson('grace', ['engineering']);
/** May approve waivers, and has two keys. */
export const kofi = testPerson('kofi', ['release-manager'], { keys: 2 });
export const people = [ada, grace, kofi];
export const requestedAt = '2026-11-20T08:00:00.000Z';
/** The moment that is judged. */
export const at = new Date('2026-11-25T08:30:00.000Z');

/** A gate that takes waivers, of one item with two expectations. */
export function sampleGate(change: Partial<Gate> = {}): Gate {
  const gate = testGate([testItem('totals')]);
  const [totals] = gate.items;
  if (totals) totals.expect = ['rows > 0', 'rows < 9'];
  return { ...gate, waivers: { approve: 'release-manager', at_most: '14d' }, ...change };
}

/** Asked for by grace, approved by ada; sound but for what is changed. */
export async function waiver(
  change: Partial<Waiver> = {},
  approvers: readonly TestPerson[] = [ada],
  { digest = '', signers = testSigners(people) }: { digest?: string; signers?: Signers } = {},
): Promise<OpenWaiver> {
  return openWaiver(await signedBytes(change, approvers, digest), trustedKeys(signers), 'the waiver');
}

/** The file of such a waiver. */
export async function signedBytes(
  change: Partial<Waiver>,
  approvers: readonly TestPerson[] = [ada],
  digest = '',
): Promise<Buffer> {
  const [item] = sampleGate().items;
  const said = {
    id: 'totals-1',
    gate: 'sample',
    item: 'totals',
    environment: 'staging',
    states: ['failed' as const],
    expectations: ['rows > 0'],
    reason: 'known gap',
    requester: 'grace',
    requested_at: requestedAt,
    expires: '2026-11-27T08:00:00.000Z',
    ...change,
  };
  const requester = people.find(({ id }) => id === said.requester) ?? grace;
  let bytes = await makeWaiver(signerOf(requester), said, digest || (item ? itemDigest(item) : ''));
  for (const person of approvers) {
    const key = person === requester ? person.keys.length - 1 : 0;
    bytes = await countersignWaiver(signerOf(person, key), bytes, 'the waiver');
  }
  return bytes;
}

/** Does it count, for the sample gate on staging? */
export const question = (of: OpenWaiver, change: Partial<WaiverQuestion> = {}): WaiverQuestion => ({
  waiver: of,
  gate: sampleGate(),
  environment: 'staging',
  rehearsal: false,
  at,
  ...change,
});

export const digestOf = (email: string) => createHash('sha256').update(email).digest('hex');
/** What voids it. */
export const faults = (asked: WaiverQuestion) =>
  evaluateWaiver(asked)
    .filter((one) => one.void)
    .map(({ fault }) => fault);
