import { sayingsOf, withdrawalsOfGo } from '../../sign/said/standing.ts';
import { exitOf } from '../verdict.ts';
import { type ItemsQuestion, itemObstacles, runAgain } from './items.ts';
import { type Explanation, type Obstacle, obstacle } from './obstacle.ts';
import { type PeopleQuestion, signatureObstacles, stopObstacles } from './people.ts';

export interface ReportQuestion extends ItemsQuestion, PeopleQuestion {
  signers: PeopleQuestion['signers'];
  /** What `gate verify` found wrong with bytes or people; then nothing else counts. */
  invalid: readonly string[];
}

/** What keeps a report from GO. Pure: everything that it needs was read and verified before. */
export function explainReport(question: ReportQuestion): Explanation {
  const { signOff, said, invalid } = question;
  const rejected = sayingsOf(said, 'rejection').length > 0;
  const obstacles = invalid.length > 0 ? [broken(question)] : obstaclesOf(question);
  const withdrawn = withdrawalsOfGo(said).length > 0;
  const decision = rejected ? 'NO_GO' : withdrawn ? 'WITHDRAWN' : signOff.decision;
  return {
    run: signOff.run.id,
    gate: signOff.gate.id,
    environment: signOff.environment.name,
    decision: invalid.length > 0 ? 'INVALID' : decision,
    summary: summaryOf(question, obstacles),
    obstacles,
    notes: notesOf(question),
  };
}

function obstaclesOf(question: ReportQuestion): Obstacle[] {
  const stopped = stopObstacles(question);
  return [
    ...stopped,
    ...itemObstacles(question),
    ...(stopped.length > 0 ? [] : signatureObstacles(question)),
  ];
}

function broken({ invalid, signOff, run }: ReportQuestion): Obstacle {
  return obstacle('report', `it can not be trusted: ${invalid.join('; ')}`, {
    todo: 'find out who changed it; do not mend it, run the gate again',
    commands: [`countersign gate verify ${run}`, runAgain(signOff)],
  });
}

function summaryOf({ signOff, said }: ReportQuestion, obstacles: readonly Obstacle[]): string {
  const { decision, validity, environment } = signOff;
  const count = obstacles.length === 1 ? 'one thing keeps' : `${obstacles.length} things keep`;
  const aim = environment.rehearsal ? 'REHEARSAL_GO' : 'GO';
  if (obstacles.length > 0) {
    const measured =
      exitOf(decision) === 0 && said.length === 0 ? `what was measured says ${decision}, but ` : '';
    return `${measured}${count} it from ${aim}`;
  }
  return environment.rehearsal
    ? 'nothing: the rehearsal went well and is signed; it releases nothing'
    : `nothing: ${decision}, signed by everyone whom the gate asks for, until ${validity.not_after}`;
}

function notesOf({ signOff, said, run, invalid }: ReportQuestion): string[] {
  const { items, relaxations, environment, policy, decision, gate } = signOff;
  const waived = items.filter(({ state }) => state === 'waived');
  const still = exitOf(decision) === 0 ? [] : policy.require.map(({ role }) => role);
  if (invalid.length > 0) return [];
  return [
    ...(environment.rehearsal
      ? [`${environment.name} is a rehearsal: at best it reads REHEARSAL_GO, and nothing is deployed with it`]
      : [`before a deployment: countersign gate verify ${run} --for deploy --gate ${gate.id} --ledger FILE`]),
    ...(still.length > 0 ? [`once nothing keeps it from GO, these sign: ${still.join(', ')}`] : []),
    ...waived.map(
      ({ id, waiver }) => `${id} is waived${waiver ? ` until ${waiver.expires}: ${waiver.reason}` : ''}`,
    ),
    ...relaxations.map((text) => `relaxed: ${text}`),
    ...sayingsOf(said, 'withdrawal')
      .filter(({ of }) => of === 'approval')
      .map(({ name, at, reason }) => `${name} took the approval back at ${at}: ${reason}`),
    ...sayingsOf(said, 'revocation').map(
      ({ name, revoked_key, revoked_at }) => `${name} revoked the key ${revoked_key} as of ${revoked_at}`,
    ),
    ...sayingsOf(said, 'comment').map(({ name, text }) => `${name} commented: ${text}`),
  ];
}
