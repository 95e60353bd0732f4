import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { formatDuration, parseDuration } from '../config/duration.ts';
import type { Environment } from '../config/environments.ts';
import { nearest } from '../config/nearest.ts';
import { confine, type Project } from '../config/project.ts';
import { CountersignError } from '../errors.ts';
import type { Signer } from '../sign/keys.ts';
import type { Signers } from '../sign/signers.ts';
import { trustedKeys, whyNotKey } from '../sign/trust.ts';
import { countersignWaiver, makeWaiver, openWaiver, type Waiver } from '../sign/waiver.ts';
import { writeNew, writeWhole } from './evidence.ts';
import { itemDigest } from './item-digest.ts';
import type { LoadedGate, LoadedItem } from './load.ts';
import { evaluateWaiver } from './waiver.ts';
import { type WaiverFile, waiverFile } from './waiver-files.ts';

/** Who speaks, with which key, and by which people it is judged. */
export interface Speaker {
  person: string;
  signer: Signer;
  signers: Signers;
}

export interface WaiverRequest extends Speaker {
  project: Project;
  gate: LoadedGate;
  environment: Environment;
  item: string;
  reason: string;
  /** A duration from now on, or an RFC 3339 instant. */
  expires: string;
  states: Waiver['states'];
  expectations: readonly string[];
  now: Date;
}

/** Asks for a waiver: a file with one signature, which waits for another. */
export async function requestWaiver(request: WaiverRequest): Promise<{ said: Waiver; file: string }> {
  const { project, gate, environment, now, signer, person } = request;
  const item = waivable(request);
  mustBeOwn(request, now);
  const id = `${item.id}-${now.toISOString().slice(0, 10).replaceAll('-', '')}-${randomBytes(2).toString('hex')}`;
  const said: Waiver = {
    schema: 1,
    id,
    gate: gate.gate.gate,
    item: item.id,
    environment: environment.name,
    states: request.states,
    ...(request.expectations.length > 0 ? { expectations: [...request.expectations] } : {}),
    reason: request.reason.trim(),
    requester: person,
    requested_at: now.toISOString(),
    expires: expiryOf(request).toISOString(),
  };
  const { schema: _schema, ...asked } = said;
  const declared = gate.gate.items[item.index];
  const bytes = await makeWaiver(signer, asked, declared ? itemDigest(declared) : '');
  const file = waiverFile(id);
  const path = confine(project.root, file);
  await mkdir(dirname(path), { recursive: true });
  if (!(await writeNew(path, bytes))) throw new CountersignError('USAGE', `${file} is there already`);
  return { said, file };
}

function waivable({ gate, item: id, reason, expectations }: WaiverRequest): LoadedItem {
  const name = gate.gate.gate;
  if (!gate.gate.waivers) {
    throw new CountersignError('USAGE', `the gate ${name} takes no waivers`, {
      hint: '`waivers: {approve: ROLE, at_most: 14d}` in the gate lets somebody approve one',
    });
  }
  const item = gate.items.find((candidate) => candidate.id === id);
  if (!item) {
    const near = nearest(
      id,
      gate.items.map((candidate) => candidate.id),
    );
    throw new CountersignError(
      'USAGE',
      `the gate ${name} has no item \`${id}\``,
      near ? { hint: `did you mean \`${near}\`?` } : {},
    );
  }
  if (!item.kind)
    throw new CountersignError('USAGE', `\`${id}\` is answered by a person, whom nothing stands in for`);
  if (reason.trim() === '') throw new CountersignError('USAGE', '--reason says nothing');
  const stray = expectations.find((text) => !item.expectations.includes(text));
  if (stray === undefined) return item;
  throw new CountersignError('USAGE', `\`${stray}\` is not an expectation of \`${id}\``, {
    hint: `it expects: ${item.expectations.map((text) => `\`${text}\``).join(', ')}`,
  });
}

function expiryOf({ expires, now, gate }: WaiverRequest): Date {
  const isInstant = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(expires);
  const at = new Date(isInstant ? Date.parse(expires) : now.getTime() + parseDuration(expires));
  if (!(at.getTime() > now.getTime()))
    throw new CountersignError('USAGE', `--expires ${expires} is not in the future`);
  const most = parseDuration(gate.gate.waivers?.at_most ?? '0s');
  if (at.getTime() - now.getTime() <= most) return at;
  throw new CountersignError('USAGE', `--expires ${expires} is longer than the gate allows`, {
    hint: `at most ${formatDuration(most)} from now`,
  });
}

/** The key must be one of that person's, good now, and for a real environment behind a passphrase. */
function mustBeOwn({ person, signer, signers }: Speaker, now: Date): void {
  const key = trustedKeys(signers).get(signer.keyid);
  if (key?.person.id !== person) {
    throw new CountersignError('KEY_UNKNOWN', `the key is not one of \`${person}\` in the signers file`);
  }
  if (signer.unprotected && !signers.rehearsal) {
    throw new CountersignError('SIGNING_REFUSED', 'a key without a passphrase signs rehearsals only');
  }
  const at = now.toISOString();
  const reason = whyNotKey(key.key, { from: at, to: at });
  if (reason) throw new CountersignError('SIGNING_REFUSED', reason);
}

export interface WaiverApproval extends Speaker {
  project: Project;
  gate: LoadedGate;
  file: WaiverFile & { bytes: Buffer };
  environment: Environment;
  now: Date;
}

/** Puts the second signature on a waiver, if it counts from then on. */
export async function approveWaiver(approval: WaiverApproval): Promise<Waiver> {
  const { project, gate, file, environment, signer, signers, now } = approval;
  mustBeOwn(approval, now);
  const keys = trustedKeys(signers);
  const before = openWaiver(file.bytes, keys, file.file);
  if (before.signedBy.length > 1) {
    throw new CountersignError('SIGNING_REFUSED', `${before.signedBy[1]?.person.id} has approved it already`);
  }
  const bytes = await countersignWaiver(signer, file.bytes, file.file);
  const waiver = openWaiver(bytes, keys, file.file);
  const findings = evaluateWaiver({
    waiver,
    gate: gate.gate,
    environment: environment.name,
    rehearsal: environment.rehearsal,
    at: now,
  }).filter((finding) => finding.void);
  if (findings.length > 0) {
    throw new CountersignError('SIGNING_REFUSED', findings.map(({ text }) => text).join('; '));
  }
  await writeWhole(join(project.root, file.file), bytes);
  return waiver.said;
}
