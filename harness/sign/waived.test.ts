import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { itemDigest } from '../gate/item-digest.ts';
import { waivedReason } from '../gate/waiver.ts';
import type { ItemReport } from '../report/schema.ts';
import {
  makeRunFolder,
  SIGNED_AT,
  type TestPerson,
  testGate,
  testItem,
  testPerson,
} from '../testing/run-folder.ts';
import { signerOf } from '../testing/say.ts';
import { verifyRun } from '../testing/verify-run.ts';
import { askedBy, countApprovals } from './trust.ts';
import type { VerifyOptions } from './verify.ts';
import { countersignWaiver, makeWaiver, type Waiver } from './waiver.ts';

const ada = testPerson('ada', ['release-manager']);
const grace = testPerson('grace', ['engineering']);
const lena = testPerson('lena', ['engineering']);
const kofi = testPerson('kofi', ['release-manager']);
const mallory = testPerson('mallory', ['release-manager']);
const windows = async () => ({});

interface Forgery {
  said?: Partial<Waiver>;
  approvers?: readonly TestPerson[];
  /** What the report says about the item, in place of what was signed. */
  report?(item: ItemReport): void;
  state?: 'failed' | 'error';
}

/** A run whose one item failed and was waived, signed by all. */
async function waivedRun({ said: change, approvers = [kofi], report, state = 'failed' }: Forgery = {}) {
  const item = testItem('totals', state);
  const [declared] = testGate([item]).items;
  if (!declared) throw new Error('no item');
  const said = {
    id: 'totals-1',
    gate: 'sample',
    item: 'totals',
    environment: 'staging',
    states: ['failed' as const],
    reason: 'known gap',
    requester: 'grace',
    requested_at: '2026-11-20T08:00:00.000Z',
    expires: '2026-11-25T09:10:00.000Z',
    ...change,
  };
  let bytes = await makeWaiver(signerOf(grace), said, itemDigest(declared));
  for (const person of approvers) bytes = await countersignWaiver(signerOf(person), bytes, 'the waiver');
  const was = { state, because: item.reason ?? '' };
  const name = 'waivers/totals-1.dsse.json';
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const statement = { name, media_type: 'application/vnd.dsse+json', sha256, bytes: bytes.length };
  const { id, reason, requester, expires } = said;
  const waived: ItemReport = {
    ...item,
    state: 'waived',
    reason: waivedReason({ schema: 1, ...said }, 'Kofi', was),
    waiver: { id, ...was, reason, requester, approver: 'kofi', expires, statement },
  };
  report?.(waived);
  const run = await makeRunFolder({
    people: [ada, grace, kofi, lena],
    items: [waived],
    gate(gate) {
      gate.waivers = { approve: 'release-manager', at_most: '14d' };
    },
    evidence: { [name]: bytes.toString() },
  });
  return run;
}

async function verified(forgery: Forgery, options: Partial<VerifyOptions> = {}) {
  await using run = await waivedRun(forgery);
  const { exit, lines, decision } = await verifyRun(run, options);
  return {
    exit,
    decision,
    wrong: lines
      .filter(({ ok }) => !ok)
      .map(({ check, text }) => `${check}: ${text}`)
      .join('; '),
    lines,
  };
}

describe('a report with a waived item', () => {
  it('reads GO_WITH_WAIVERS, and says who let it pass until when', async () => {
    await using run = await waivedRun();
    await run.sign(ada);
    await run.sign(lena);
    const { exit, decision, lines } = await verifyRun(run);
    expect({ exit, decision }).toEqual({ exit: 0, decision: 'GO_WITH_WAIVERS' });
    const text = 'totals is WAIVED by kofi for grace until 2026-11-25T09:10:00.000Z: known gap';
    expect(lines).toContainEqual({ check: 'waivers', ran: true, ok: true, text });
  });

  it('T8: is not signed by whoever asked for the waiver, nor does such a signature count', async () => {
    await using run = await waivedRun();
    await run.sign(ada);
    await expect(run.sign(grace)).rejects.toThrow('grace asked for a waiver in it');
    const { signers, statement } = run;
    const { policy, validity } = statement.predicate;
    const release = askedBy(statement.predicate);
    const signatures = [{ keyid: grace.keys[0]?.id ?? '', at: SIGNED_AT }];
    const question = { policy, signers: signers.parsed, validity, signatures };
    expect(countApprovals({ ...question, release }).approvals).toEqual([]);
    expect(countApprovals({ ...question, release: { ...release, waivers: [] } }).approvals).toHaveLength(1);
  });

  it('T13: is not deployable once the waiver has expired, and stands as of its signing time', async () => {
    await using run = await waivedRun();
    await run.sign(ada);
    await run.sign(lena);
    const after = { now: new Date('2026-11-25T09:10:00.000Z') };
    const before = { now: new Date('2026-11-25T09:09:59.999Z') };
    const deploy = { forDeploy: true, deploy: { windows } };
    expect((await verifyRun(run, after)).exit).toBe(0);
    expect((await verifyRun(run, { ...before, ...deploy })).exit).toBe(0);
    const late = await verifyRun(run, { ...after, ...deploy });
    expect(late.exit).toBe(1);
    expect(late.lines.find(({ check, ok }) => check === 'waivers' && !ok)?.text).toContain('it expired at');
  });

  it.each<[string, Forgery, string]>([
    ['no waiver behind it', { report: (item) => void delete item.waiver }, 'what is waived has a waiver'],
    ['a waiver of nobody that counts', { approvers: [mallory] }, "nobody’s key|nobody's key"],
    ['a waiver that was not approved', { approvers: [] }, 'has not approved it'],
    ['a waiver of one person', { approvers: [grace] }, 'approved what they asked for'],
    ['a waiver that had expired by then', { said: { expires: '2026-11-25T08:28:01.000Z' } }, 'it expired at'],
    [
      'a waiver that was asked for afterwards',
      { said: { requested_at: '2026-11-25T08:28:01.001Z' } },
      'which is later',
    ],
    [
      'a waiver longer than the gate allows',
      { said: { requested_at: '2026-11-01T08:00:00.000Z' } },
      'the gate allows 14d',
    ],
    ['a waiver for another gate', { said: { gate: 'other' } }, 'it is for the gate other'],
    [
      'a waiver for another environment',
      { said: { environment: 'production' } },
      'for the environment production',
    ],
    ['a waiver of another state', { state: 'error' }, 'it is for failed'],
    ['a waiver of another expectation', { said: { expectations: ['rows > 9'] } }, 'does not name it'],
    [
      'another approver than the one who signed',
      { report: (item) => item.waiver && Object.assign(item.waiver, { approver: 'ada' }) },
      'differ in `approver`',
    ],
    [
      'a longer time than was signed',
      { report: (item) => item.waiver && Object.assign(item.waiver, { expires: '2027-01-01T00:00:00Z' }) },
      'differ in `expires`',
    ],
    [
      'another reason than was signed',
      { report: (item) => Object.assign(item, { reason: 'all is well' }) },
      'not that of its waiver',
    ],
  ])('T13: is invalid with %s', async (_name, forgery, said) => {
    const { exit, wrong } = await verified(forgery);
    expect(wrong).toMatch(new RegExp(said));
    expect(exit).toBe(4);
  });

  it('T13: is invalid when an item passed and has a waiver all the same', async () => {
    const { exit, wrong } = await verified({ report: (item) => Object.assign(item, { state: 'failed' }) });
    expect(wrong).toContain('nothing else has one');
    expect(exit).toBe(4);
  });
});
