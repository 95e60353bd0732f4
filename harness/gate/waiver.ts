import { formatDuration, parseDuration } from '../config/duration.ts';
import type { Attempt, SignOff } from '../report/schema.ts';
import { type TrustedKey, whyNotKey, whyNotPerson } from '../sign/trust.ts';
import type { OpenWaiver, Waiver } from '../sign/waiver.ts';
import { itemDigest } from './item-digest.ts';
import type { Gate } from './schema.ts';

/** Names of what can be wrong with a waiver, as `waivers lint` prints them. */
export type WaiverFault =
  | 'broken'
  | 'expired'
  | 'not-entitled'
  | 'orphaned'
  | 'over-wide'
  | 'self-approved'
  | 'too-early'
  | 'too-long'
  | 'unsigned';

export interface WaiverFinding {
  fault: WaiverFault;
  text: string;
  /** Does the waiver count for nothing because of it? */
  void: boolean;
}

export interface WaiverQuestion {
  waiver: OpenWaiver;
  /** The gate that the waiver should be for, as its file declares it. */
  gate: Gate;
  environment: string;
  /** Of the item, those of its kind included; default: those in the gate. */
  expectations?: readonly string[];
  /** Were the keys made for a rehearsal? */
  rehearsal: boolean;
  /** Who may not approve: the requester and the authors of this release. Unknown outside a run. */
  release?: Pick<SignOff['release'], 'requester' | 'authors'>;
  /** The moment that is judged. */
  at: Date;
}

/** The one judge of waivers, for runner, verifier, lint and list. Pure: nothing found, and it counts. */
export function evaluateWaiver(question: WaiverQuestion): WaiverFinding[] {
  const { waiver, gate } = question;
  if (waiver.said.gate !== gate.gate) return [voids('orphaned', `it is for the gate ${waiver.said.gate}`)];
  if (!gate.waivers) return [voids('orphaned', `the gate ${gate.gate} takes no waivers`)];
  return [...scopeFindings(question), ...peopleFindings(question), ...timeFindings(question)];
}

const voids = (fault: WaiverFault, text: string): WaiverFinding => ({ fault, text, void: true });
const remark = (text: string): WaiverFinding => ({ fault: 'over-wide', text, void: false });

function scopeFindings({ waiver, gate, environment, expectations }: WaiverQuestion): WaiverFinding[] {
  const { said, itemSha256 } = waiver;
  const item = gate.items.find(({ id }) => id === said.item);
  if (!item) return [voids('orphaned', `the gate ${gate.gate} has no item ${said.item}`)];
  if (!item.check)
    return [voids('orphaned', `${item.id} is answered by a person, whom nothing stands in for`)];
  const findings: WaiverFinding[] = [];
  if (itemDigest(item) !== itemSha256) {
    findings.push(voids('orphaned', `${item.id} asks for something else than when the waiver was asked for`));
  }
  if (said.environment !== environment) {
    findings.push(voids('orphaned', `it is for the environment ${said.environment}, not for ${environment}`));
  }
  if (said.states.includes('error')) {
    findings.push(remark('it also covers `error`, where nobody knows what would have been measured'));
  }
  const { length } = expectations ?? item.expect ?? [];
  if (!said.expectations && length > 1) {
    findings.push(remark(`it names no expectation, and ${item.id} has ${length}`));
  }
  return findings;
}

function peopleFindings({ waiver, gate, release, rehearsal, at }: WaiverQuestion): WaiverFinding[] {
  const { said, signedBy } = waiver;
  const [requester, approver, ...others] = signedBy;
  if (!requester) return [voids('unsigned', 'nobody asked for it')];
  const findings = keyFinding(requester, said.requested_at, said.requested_at);
  if (!approver)
    return [...findings, voids('unsigned', `${gate.waivers?.approve ?? 'nobody'} has not approved it`)];
  if (others.length > 0) findings.push(voids('broken', 'more than two people signed it'));
  if (approver.person.id === requester.person.id) {
    findings.push(voids('self-approved', `${approver.person.id} approved what they asked for`));
  }
  // Nobody knows when the approver signed: the key must have been good from the request until now.
  findings.push(...keyFinding(approver, said.requested_at, at.toISOString()));
  const role = gate.waivers?.approve ?? '';
  const policy = {
    require: [{ role, count: 1 }],
    distinct_people: true,
    not_author: gate.sign.not_author ?? true,
  };
  const known = release ?? { requester: '', authors: [] };
  const reason = approver.person.roles.includes(role)
    ? whyNotPerson(approver.person, policy, known, rehearsal)
    : `${approver.person.id} does not have the role ${role}`;
  if (reason) findings.push(voids('not-entitled', reason));
  return findings;
}

function keyFinding({ key, person }: TrustedKey, from: string, to: string): WaiverFinding[] {
  const reason = whyNotKey(key, { from, to });
  return reason ? [voids('not-entitled', `${person.id}: ${reason}`)] : [];
}

function timeFindings({ waiver: { said }, gate, at }: WaiverQuestion): WaiverFinding[] {
  const findings: WaiverFinding[] = [];
  const [requested, expires, now] = [Date.parse(said.requested_at), Date.parse(said.expires), at.getTime()];
  if (!(expires > now)) findings.push(voids('expired', `it expired at ${said.expires}`));
  if (!(requested <= now))
    findings.push(voids('too-early', `it was asked for at ${said.requested_at}, which is later`));
  const most = gate.waivers && parseDuration(gate.waivers.at_most);
  if (most !== undefined && !(expires - requested <= most)) {
    const lasts = formatDuration(Math.max(0, expires - requested));
    findings.push(voids('too-long', `it lasts ${lasts}, and the gate allows ${gate.waivers?.at_most}`));
  }
  return findings;
}

/** What an item came to, as its measurements say. */
export interface WaivedOutcome {
  state: 'failed' | 'error';
  /** Of the measurements that count. */
  attempts: readonly Pick<Attempt, 'expectations' | 'error'>[];
}

/** Why the waiver lets this outcome stand, or not: it covers what it names and nothing beside. */
export function whyNotCovered(said: Waiver, { state, attempts }: WaivedOutcome): string | undefined {
  if (attempts.length === 0) return 'nothing was measured: a waiver speaks of an outcome';
  if (attempts.at(-1)?.error?.code === 'INTERRUPTED') return 'it was stopped before it had an outcome';
  if (!said.states.includes(state)) return `it is for ${said.states.join(' or ')}, and the item is ${state}`;
  if (!said.expectations) return undefined;
  const broken = attempts.flatMap(({ expectations }) =>
    expectations.filter(({ outcome }) => outcome !== 'true').map(({ text }) => text),
  );
  if (broken.length === 0) return 'none of its expectations is what failed';
  const beside = broken.find((text) => !said.expectations?.includes(text));
  return beside === undefined ? undefined : `\`${beside}\` does not hold either, and it does not name it`;
}

/** One sentence for people, wherever the item is shown. */
export function waivedReason(
  said: Waiver,
  approver: string,
  was: { state: string; because: string },
): string {
  return `WAIVED by ${approver} until ${said.expires}: ${said.reason} (it was ${was.state}: ${was.because})`;
}
