import { itemDigest } from '../gate/item-digest.ts';
import { waivedReason } from '../gate/waiver.ts';
import type { ArtifactRecord, ItemReport } from '../report/schema.ts';
import { attestedEvidence, makeAttestation } from '../sign/attestation.ts';
import { sha256 } from '../sign/statement.ts';
import { countersignWaiver, makeWaiver } from '../sign/waiver.ts';
import { makeRunFolder, type RunFolder, testGate, testItem, testPerson } from './run-folder.ts';
import { sayOn, signerOf } from './say.ts';

const log = 'all is well\n';

/** A signed GO_WITH_WAIVERS that rests on all that a report can rest on, with a comment after the freeze. */
export async function makeFullRun(): Promise<RunFolder> {
  const ada = testPerson('ada', ['release-manager']);
  const grace = testPerson('grace', ['engineering'], { type: 'ed25519' });
  const kofi = testPerson('kofi', ['release-manager']);
  const sol = testPerson('sol', ['security']);
  const lena = testPerson('lena', ['engineering']);
  const smoke = testItem('smoke');
  smoke.attempts[0]?.artifacts.push(recordOf('log.txt', log, 'text/plain'));
  const waived = await waivedItem(lena, kofi);
  const vault = await attestedItem(sol, smoke);
  const run = await makeRunFolder({
    people: [ada, grace, kofi, lena, sol],
    items: [smoke, waived.item, vault.item],
    gate(gate) {
      gate.waivers = { approve: 'release-manager', at_most: '14d' };
    },
    evidence: { 'log.txt': log, ...waived.evidence, ...vault.evidence },
  });
  await run.sign(ada);
  await run.sign(grace);
  await sayOn(run, sol, { type: 'comment', text: 'a cold cache' });
  return run;
}

async function waivedItem(requester: ReturnType<typeof testPerson>, approver: typeof requester) {
  const item = testItem('totals', 'failed');
  const [declared] = testGate([item]).items;
  if (!declared) throw new Error('a gate of one item has none');
  const said = {
    id: 'totals-1',
    gate: 'sample',
    item: 'totals',
    environment: 'staging',
    states: ['failed' as const],
    reason: 'known gap',
    requester: requester.id,
    requested_at: '2026-11-20T08:00:00.000Z',
    expires: '2026-11-30T08:00:00.000Z',
  };
  const asked = await makeWaiver(signerOf(requester), said, itemDigest(declared));
  const bytes = (await countersignWaiver(signerOf(approver), asked, 'the waiver')).toString();
  const was = { state: 'failed' as const, because: item.reason ?? '' };
  const statement = recordOf('waivers/totals-1.dsse.json', bytes);
  const { id, reason, expires } = said;
  const waiver = { id, ...was, reason, requester: said.requester, approver: approver.id, expires, statement };
  const name = `${approver.id[0]?.toUpperCase()}${approver.id.slice(1)}`;
  const waived: ItemReport = {
    ...item,
    state: 'waived',
    reason: waivedReason({ schema: 1, ...said }, name, was),
    waiver,
  };
  return { item: waived, evidence: { [statement.name]: bytes } };
}

async function attestedItem(person: ReturnType<typeof testPerson>, about: ItemReport) {
  const said = {
    role: 'security',
    person: person.id,
    at: '2026-11-25T08:29:00.000Z',
    about: [about.id],
    evidence_sha256: attestedEvidence([about], [about.id]),
  };
  const bytes = (
    await makeAttestation(signerOf(person), {
      ...said,
      run: '20261125-083000-abcd',
      gate: 'sample',
      item: 'vault',
      verdict: 'confirmed',
    })
  ).toString();
  const statement = recordOf('vault/attestation.dsse.json', bytes);
  const { check: _, ...manual } = testItem('vault');
  const item: ItemReport = {
    ...manual,
    attempts: [],
    attest: { ...said, key: person.keys[0]?.id ?? '', statement },
  };
  return { item, evidence: { [statement.name]: bytes } };
}

function recordOf(name: string, content: string, mediaType = 'text/plain'): ArtifactRecord {
  const { length } = Buffer.from(content);
  return { name, media_type: mediaType, sha256: sha256(content), bytes: length };
}
