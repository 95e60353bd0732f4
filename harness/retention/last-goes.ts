import type { Environment } from '../config/environments.ts';
import { type Project, readEnvironments } from '../config/project.ts';
import { messageOf } from '../errors.ts';
import { type LastGoQuestion, lastGo } from '../gate/last-go.ts';
import type { Gate } from '../gate/schema.ts';
import { signersInUse } from '../gate/signers-in-use.ts';
import { exitOf } from '../gate/verdict.ts';
import { type KnownRun, lineOf } from './decide.ts';

export interface LastGoesQuestion {
  project: Project;
  cwd: string;
  env: LastGoQuestion['env'];
  now: Date;
}

/**
 * Runs by name or id that the next release begins from, each with why: the last GO of each gate and environment whose
 * signatures verify, and what the ledger says was deployed last. Where that can't be told, every GO of them stays.
 */
export async function lastGoes(
  runs: readonly KnownRun[],
  question: LastGoesQuestion,
): Promise<Map<string, string>> {
  const kept = new Map<string, string>();
  const goes = runs.filter(({ report }) => report?.signed && exitOf(report.decision) === 0);
  if (goes.length === 0) return kept;
  const { all } = await readEnvironments(question.project.root);
  for (const group of Map.groupBy(goes, lineOf).values()) {
    const { gate = '', environment = '' } = group[0]?.report ?? {};
    const declared = Object.hasOwn(all, environment) ? all[environment] : undefined;
    try {
      if (!declared) throw new Error(`\`${environment}\` is no environment any more`);
      if (declared.rehearsal) continue;
      for (const { run, from } of await verified(gate, declared, question)) kept.set(run, `it is ${from}`);
    } catch (thrown) {
      const reason = `nobody can tell which GO of its gate counts last: ${messageOf(thrown)}`;
      for (const { name } of group) kept.set(name, reason);
    }
  }
  return kept;
}

/** Both what was deployed last and the last that verifies here: the ledger need not know of the latter. */
async function verified(id: string, environment: Environment, question: LastGoesQuestion) {
  const signers = await signersInUse(question.project, environment);
  // Of the gate only its name is asked.
  const gate = { gate: id } as Gate;
  const asked = { ...question, gate, environment, signers };
  const found = [await lastGo(asked), await lastGo({ ...asked, env: {} })];
  return found.filter((each) => each !== undefined);
}
