import type { Project } from '../../config/project.ts';
import { rehearsalKeyFile } from '../../gate/rehearsal.ts';
import type { GateRun } from '../../gate/session.ts';
import { exitOf } from '../../gate/verdict.ts';
import { signerFromFile } from '../../sign/passphrase.ts';
import { signReport } from '../../sign/sign.ts';
import { verifyFolder } from '../../sign/verify.ts';
import type { Io } from '../command.ts';
import { verification } from './open-run.ts';
import { verifyLines } from './verify-lines.ts';

/** Signs as every role that the gate asks for, with the keys made for rehearsals, then verifies. */
export async function rehearse(io: Io, project: Project, run: GateRun): Promise<number> {
  const { predicate } = run.statement;
  const stopped = exitOf(predicate.decision);
  if (stopped !== 0) return stopped;
  const people = run.signers.signers.people.filter(({ roles }) =>
    predicate.policy.require.some(({ role }) => roles.includes(role)),
  );
  for (const { id } of people) {
    const signer = await signerFromFile(rehearsalKeyFile(project, id), { env: {}, ask: io.askSecret });
    const signed = await signReport({ ...(await verification(io, run, undefined)), person: id, signer });
    io.stderr.write(`signed by ${id} as ${signed.roles.join(', ')}\n`);
  }
  const result = await verifyFolder(await verification(io, run, undefined));
  const problems = result.lines.filter(({ ok }) => !ok);
  io.stderr.write(
    problems.length > 0 ? verifyLines(io.stderr, problems) : `verified: ${result.lines.length} checks\n`,
  );
  return result.exit;
}
