import type { SignOff } from '../../report/schema.ts';
import type { Saying } from '../../sign/said/schema.ts';
import { hasWithdrawn, sayingsOf, withdrawalsOfGo } from '../../sign/said/standing.ts';
import type { Person, Signers } from '../../sign/signers.ts';
import { type ApprovalCount, askedBy, whyNotKey, whyNotPerson } from '../../sign/trust.ts';
import { showStale, staleAt } from '../moment.ts';
import type { Gate } from '../schema.ts';
import { exitOf } from '../verdict.ts';
import { runAgain } from './items.ts';
import { type Obstacle, obstacle } from './obstacle.ts';

export interface PeopleQuestion {
  run: string;
  signOff: SignOff;
  gate: Gate | undefined;
  /** As they are after the revocations in the journal. */
  signers: Signers | undefined;
  said: readonly Saying[];
  count: ApprovalCount | undefined;
  now: Date;
}

/** A rejection, a GO that was taken back, a validity that is over: only a new run helps. */
export function stopObstacles(question: PeopleQuestion): Obstacle[] {
  const { signOff, said, now } = question;
  const again = { todo: 'settle it with them, then run the gate again', commands: [runAgain(signOff)] };
  const by = ({ person, name }: Saying) => [{ id: person, name, role: '' }];
  const { not_after } = signOff.validity;
  const expired = exitOf(signOff.decision) === 0 && now.getTime() > Date.parse(not_after);
  return [
    ...sayingsOf(said, 'rejection').map((one) =>
      obstacle('report', `${one.name} (${one.person}) rejected it at ${one.at}: ${one.reason}`, {
        ...again,
        who: by(one),
      }),
    ),
    ...withdrawalsOfGo(said).map((one) =>
      obstacle('report', `${one.name} (${one.person}) withdrew the GO at ${one.at}: ${one.reason}`, {
        ...again,
        who: by(one),
      }),
    ),
    ...(expired
      ? [
          obstacle(
            'report',
            `it expired at ${not_after}: nobody can sign it, and nothing is deployed with it`,
            {
              todo: 'run the gate again',
              commands: [runAgain(signOff)],
            },
          ),
        ]
      : tooOld(question)),
  ];
}

/** What has to be fresh when people sign, and is not any more while they are still to sign. */
function tooOld({ signOff, gate, count, now }: PeopleQuestion): Obstacle[] {
  const unsigned = (count?.missing ?? signOff.policy.require).length > 0;
  if (!gate || !unsigned || exitOf(signOff.decision) !== 0) return [];
  return staleAt(signOff, gate, 'sign', now).map((stale) =>
    obstacle(stale.id, `it is too old to be signed: ${showStale(stale)}`, {
      todo: 'run the gate again, and sign in time',
      commands: [runAgain(signOff)],
    }),
  );
}

/** Who is still to sign. Asked only where the items allow a GO. */
export function signatureObstacles(question: PeopleQuestion): Obstacle[] {
  const { signOff, run, count } = question;
  if (exitOf(signOff.decision) !== 0) return [];
  const missing = count?.missing ?? signOff.policy.require;
  return missing.map(({ role, count: wanted }) => {
    const { who, cannot } = eligible(question, role);
    const people =
      wanted > 1 ? `${wanted} signatures of the role ${role} are` : `the signature of ${role} is`;
    const nobody =
      question.signers && who.length < wanted
        ? `; not enough people can: ${cannot.join('; ') || 'nobody has the role'}`
        : '';
    return obstacle(role, `${people} missing${nobody}`, {
      who,
      todo:
        nobody === ''
          ? look(who.length, wanted)
          : 'give the role to somebody else in the signers file, and run the gate again',
      commands: [
        `countersign gate show ${run}`,
        ...(who.length > 0 ? who.map(({ id }) => id) : ['PERSON']).flatMap((id) => [
          `countersign gate sign ${run} --as ${id}`,
        ]),
        `countersign gate reject ${run} --as PERSON --reason TEXT`,
      ],
    });
  });
}

function look(able: number, wanted: number): string {
  if (able > 1 && wanted === 1) return 'one of them looks at the report, and signs or rejects it';
  return `${wanted > 1 ? `${wanted} of them` : 'they'} look at the report, and sign or reject it`;
}

function eligible(question: PeopleQuestion, role: string): { who: Obstacle['who']; cannot: string[] } {
  const who: Obstacle['who'] = [];
  const cannot: string[] = [];
  for (const person of question.signers?.people ?? []) {
    if (!person.roles.includes(role)) continue;
    const reason = whyCannotSign(person, question);
    if (reason) cannot.push(reason);
    else who.push({ id: person.id, name: person.name, role });
  }
  return { who, cannot };
}

function whyCannotSign(
  person: Person,
  { signOff, said, count, now, signers }: PeopleQuestion,
): string | undefined {
  const { policy } = signOff;
  const at = now.toISOString();
  if (hasWithdrawn(said, person.id)) return `${person.id} took their approval back`;
  const placed = count?.approvals.find((one) => one.person.id === person.id);
  if (placed) return `${person.id} has signed as ${placed.role}`;
  const reasons = person.keys.map((key) => whyNotKey(key, { from: at, to: at }));
  const unusable = reasons.every((reason) => reason !== undefined) ? reasons[0] : undefined;
  return (
    whyNotPerson(person, policy, askedBy(signOff), signers?.rehearsal === true) ??
    (unusable && `${person.id}: ${unusable}`)
  );
}
