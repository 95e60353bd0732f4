import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Environments, type Project, readEnvironments } from '../config/project.ts';
import { nearest, validateYaml } from '../config/validate.ts';
import { invalid, readYaml, type YamlFile } from '../config/yaml.ts';
import { CountersignError, type Problem } from '../errors.ts';
import { readSignersFile } from '../sign/signers-file.ts';
import { type LoadedItem, loadItem } from './load-item.ts';
import { planGate } from './plan.ts';
import { signerProblems } from './satisfiable.ts';
import { type Gate, GateSchema } from './schema.ts';

export type { LoadedItem } from './load-item.ts';

export interface LoadedGate {
  file: string;
  yaml: YamlFile;
  /** SHA-256 of the file's bytes. */
  sha256: string;
  gate: Gate;
  items: LoadedItem[];
  levels: string[][];
}

export interface LoadOptions {
  environments?: Environments;
  /** Replaces the gate's own environment: `--env NAME`. */
  environment?: string | undefined;
}

/** Reads a gate and checks all that can be known before it runs; throws every problem at once. */
export async function loadGate(
  project: Project,
  file: string,
  options: LoadOptions = {},
): Promise<LoadedGate> {
  const yaml = await readYaml(join(project.root, file), file);
  const gate = validateYaml(GateSchema, yaml);
  if (options.environment) gate.environment = options.environment;
  const known = options.environments ?? (await readEnvironments(project.root));
  const problems: Problem[] = planGate(gate).problems.map(({ path, message, hint }) => ({
    code: 'CONFIG_INVALID',
    message,
    where: yaml.place(path),
    ...(hint ? { hint } : {}),
  }));
  problems.push(...environmentProblems(yaml, gate, known));
  const items: LoadedItem[] = [];
  for (const [index, item] of gate.items.entries()) {
    items.push(await loadItem(item, index, { project, yaml, gate, environments: known, problems }));
  }
  problems.push(...(await policyProblems(project, yaml, gate, known)));
  if (problems.length > 0) throw invalid(problems);
  return {
    file,
    yaml,
    gate,
    items,
    sha256: createHash('sha256').update(yaml.bytes).digest('hex'),
    levels: planGate(gate).levels.map((level) => level.map(({ id }) => id)),
  };
}

function environmentProblems(yaml: YamlFile, gate: Gate, { all }: Environments): Problem[] {
  if (Object.hasOwn(all, gate.environment)) return [];
  const near = nearest(gate.environment, Object.keys(all));
  return [
    {
      code: 'UNKNOWN_ENVIRONMENT',
      message: `there is no environment \`${gate.environment}\``,
      where: yaml.place(['environment']),
      hint: near ? `did you mean \`${near}\`?` : `known: ${Object.keys(all).join(', ')}`,
    },
  ];
}

/** On a rehearsal, keys are made for every role; elsewhere somebody must be able to sign. */
async function policyProblems(
  project: Project,
  yaml: YamlFile,
  gate: Gate,
  { all }: Environments,
): Promise<Problem[]> {
  const environment = all[gate.environment];
  if (!environment || environment.rehearsal) return [];
  const file = environment.signers ?? 'checklists/signers.yml';
  if (!existsSync(join(project.root, file))) {
    const where = yaml.place(['sign']);
    return [
      {
        code: 'CONFIG_MISSING',
        message: `nobody can sign: there is no ${file}`,
        where,
        hint: '`countersign keys new` makes a key and its entry',
      },
    ];
  }
  try {
    const { parsed } = await readSignersFile(join(project.root, file), file);
    return signerProblems(gate, parsed).map(({ path, message, hint }) => ({
      code: 'CONFIG_INVALID',
      message,
      where: yaml.place(path),
      ...(hint ? { hint } : {}),
    }));
  } catch (thrown) {
    if (!(thrown instanceof CountersignError)) throw thrown;
    if (thrown.problems.length > 0) return [...thrown.problems];
    const { code, message, where = yaml.place(['sign']), hint } = thrown;
    return [{ code, message, where, hint }];
  }
}
