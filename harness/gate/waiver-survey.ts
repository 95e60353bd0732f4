import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Environments, gateFiles, type Project, readEnvironments } from '../config/project.ts';
import { validateYaml } from '../config/validate.ts';
import { readYaml } from '../config/yaml.ts';
import { CountersignError, messageOf } from '../errors.ts';
import type { SignOff } from '../report/schema.ts';
import { readRunFile } from '../sign/folder.ts';
import type { Signers } from '../sign/signers.ts';
import { readStatement } from '../sign/statement.ts';
import { trustedKeys } from '../sign/trust.ts';
import { claimedBy, type OpenWaiver, type Waiver } from '../sign/waiver.ts';
import { REHEARSAL_SIGNERS } from './rehearsal.ts';
import { listRuns } from './run-folder.ts';
import { type Gate, GateSchema } from './schema.ts';
import { declared } from './signers-in-use.ts';
import { evaluateWaiver, type WaiverFinding } from './waiver.ts';
import { openWaiverFile, readWaivers, type WaiverFile } from './waiver-files.ts';

/** A file among the waivers, with all that is known about it. */
export interface SurveyedWaiver {
  id: string;
  /** Relative to the project. */
  file: string;
  /** Missing where the file is broken. */
  said?: Waiver;
  /** Ids of the people whose signatures fit, the requester first. */
  signedBy: string[];
  findings: WaiverFinding[];
}

/** Every waiver of the project as of a moment, judged like the runner does. Authors are known only in a run. */
export async function surveyWaivers(project: Project, at: Date): Promise<SurveyedWaiver[]> {
  const files = await readWaivers(project.root);
  if (files.length === 0) return [];
  const survey: Survey = {
    project,
    at,
    environments: await readEnvironments(project.root),
    gates: await gatesById(project.root),
    reports: await reportsOf(project),
  };
  return Promise.all(files.map((file) => examine(survey, file)));
}

interface Survey {
  project: Project;
  at: Date;
  environments: Environments;
  gates: ReadonlyMap<string, Gate>;
  /** Newest first, as their runners wrote them. */
  reports: readonly SignOff[];
}

async function examine(survey: Survey, file: WaiverFile): Promise<SurveyedWaiver> {
  const base = { id: file.id, file: file.file, signedBy: [] };
  const broken = (text: string) => ({ ...base, findings: [{ fault: 'broken' as const, text, void: true }] });
  try {
    if ('problem' in file) return broken(file.problem);
    const signers = await signersFor(survey, claimedBy(file.bytes, file.file).environment);
    const opened = openWaiverFile(file, trustedKeys(signers));
    if ('problem' in opened) return broken(opened.problem);
    const { said, signedBy } = opened.waiver;
    const findings = await judge(survey, opened.waiver, signers);
    return { ...base, said, signedBy: signedBy.map(({ person }) => person.id), findings };
  } catch (thrown) {
    if (!(thrown instanceof CountersignError)) throw thrown;
    return broken(messageOf(thrown));
  }
}

async function judge(survey: Survey, waiver: OpenWaiver, signers: Signers): Promise<WaiverFinding[]> {
  const { said } = waiver;
  const gate = survey.gates.get(said.gate);
  if (!gate) return [{ fault: 'orphaned', text: `there is no gate ${said.gate}`, void: true }];
  const item = gate.items.find(({ id }) => id === said.item);
  const known = item?.check !== undefined && survey.project.kinds.has(item.check);
  const kind = known ? await survey.project.kinds.load(item.check ?? '') : undefined;
  const expectations = item?.expect ?? kind?.expect;
  const rehearsal = signers.rehearsal === true;
  const { environment } = said;
  return [
    ...evaluateWaiver({
      waiver,
      gate,
      environment,
      rehearsal,
      at: survey.at,
      ...(expectations ? { expectations } : {}),
    }),
    ...unneeded(survey, said),
  ];
}

/** A waiver of what passes by itself hides the next failure. */
function unneeded({ reports }: Survey, said: Waiver): WaiverFinding[] {
  const report = reports.find(
    ({ gate, environment, run }) =>
      gate.id === said.gate &&
      environment.name === said.environment &&
      Date.parse(run.started_at) >= Date.parse(said.requested_at),
  );
  const state = report?.items.find(({ id }) => id === said.item)?.state;
  if (!report || (state !== 'passed' && state !== 'flaky')) return [];
  const text = `${said.item} ${state === 'passed' ? 'passed' : 'passed after a retry'} in ${report.run.id}`;
  return [{ fault: 'orphaned', text, void: false }];
}

async function signersFor({ project, environments }: Survey, name: string): Promise<Signers> {
  const environment = Object.hasOwn(environments.all, name) ? environments.all[name] : undefined;
  if (!environment) throw new CountersignError('UNKNOWN_ENVIRONMENT', `there is no environment \`${name}\``);
  const own = environment.signers ?? 'checklists/signers.yml';
  const file = environment.rehearsal ? REHEARSAL_SIGNERS : own;
  if (!existsSync(join(project.root, file))) {
    throw new CountersignError('CONFIG_MISSING', `there is no ${file}, so nobody's signature is known`);
  }
  return (await declared(project, file)).signers;
}

/** Gates that can be read; what is wrong with the others `gate lint` says. */
async function gatesById(root: string): Promise<Map<string, Gate>> {
  const gates = new Map<string, Gate>();
  for (const file of await gateFiles(root)) {
    try {
      const gate = validateYaml(GateSchema, await readYaml(join(root, file), file));
      gates.set(gate.gate, gate);
    } catch (thrown) {
      if (!(thrown instanceof CountersignError)) throw thrown;
    }
  }
  return gates;
}

async function reportsOf(project: Project): Promise<SignOff[]> {
  const reports: SignOff[] = [];
  for (const folder of await listRuns(project)) {
    try {
      reports.push(readStatement(await readRunFile(folder, 'report.json')).predicate);
    } catch (thrown) {
      if (!(thrown instanceof CountersignError)) throw thrown;
    }
  }
  return reports;
}
