import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckKind } from '../checks/define.ts';
import { type Environments, type Project, readEnvironments } from '../config/project.ts';
import { viewOf } from '../config/resolve.ts';
import { nearest, problemsOf, schemaErrors, validateYaml } from '../config/validate.ts';
import { invalid, readYaml, type YamlFile } from '../config/yaml.ts';
import { CountersignError, messageOf, type Problem } from '../errors.ts';
import { readSignersFile } from '../sign/signers-file.ts';
import { checkExpectation } from './evaluate.ts';
import type { FactSchema } from './facts.ts';
import { planGate } from './plan.ts';
import { signerProblems } from './satisfiable.ts';
import { type Gate, type GateItem, GateSchema } from './schema.ts';

/** An item that is ready to run: options checked and defaults filled in. */
export interface LoadedItem extends GateItem {
  index: number;
  kind: CheckKind | undefined;
  options: Record<string, unknown>;
  /** The item's own expectations, or those of its kind. */
  expectations: readonly string[];
}

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
    const { loaded, found } = await loadItem(project, yaml, item, index, known, gate);
    problems.push(...found);
    items.push(loaded);
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

async function loadItem(
  project: Project,
  yaml: YamlFile,
  item: GateItem,
  index: number,
  environments: Environments,
  gate: Gate,
): Promise<{ loaded: LoadedItem; found: Problem[] }> {
  const options = structuredClone((item.with ?? {}) as Record<string, unknown>);
  const loaded: LoadedItem = { ...item, index, kind: undefined, options, expectations: item.expect ?? [] };
  if (item.check === undefined) return { loaded, found: [] };
  if (!project.kinds.has(item.check)) {
    const near = nearest(item.check, project.kinds.names);
    const hint = near ? `did you mean \`${near}\`?` : `known: ${project.kinds.names.join(', ')}`;
    const where = yaml.place(['items', index, 'check']);
    return {
      loaded,
      found: [{ code: 'UNKNOWN_KIND', message: `there is no check kind \`${item.check}\``, where, hint }],
    };
  }
  const kind = await project.kinds.load(item.check);
  const prefix = ['items', index, item.with ? 'with' : 'check'];
  const found = problemsOf(yaml, schemaErrors(kind.options, options), prefix);
  if (found.length === 0)
    found.push(...(await kindProblems(project, yaml, kind, options, prefix, environments, gate)));
  const expectations = item.expect ?? kind.expect;
  for (const [position, text] of (item.expect ?? []).entries()) {
    const problem = checkExpectation(text, kind.facts as FactSchema);
    if (!problem) continue;
    found.push({
      code: 'EXPECTATION_INVALID',
      message: `\`${text}\`: ${problem.message} (at ${problem.offset + 1})`,
      where: yaml.place(['items', index, 'expect', position]),
      hint: problem.hint ?? `\`countersign checks show ${kind.kind}\` lists the facts and their types`,
    });
  }
  found.push(...itemProblems(yaml, item, index, kind));
  return { loaded: { ...loaded, kind, expectations }, found };
}

function itemProblems(yaml: YamlFile, item: GateItem, index: number, kind: CheckKind): Problem[] {
  const problem = (field: string, message: string, hint: string): Problem => {
    return { code: 'CONFIG_INVALID', message, where: yaml.place(['items', index, field]), hint };
  };
  const problems: Problem[] = [];
  for (const field of ['retries', 'settle'] as const) {
    if (kind.effects !== 'writes' || !item[field]) continue;
    problems.push(problem(field, `\`${item.id}\` writes, so it is never repeated`, `take \`${field}\` away`));
  }
  if (kind.effects === 'writes' && item.watch) {
    const message = `\`${item.id}\` writes, so it can not be watched`;
    problems.push(problem('watch', message, 'watch what it changes, with an item of its own'));
  }
  if (item.retries && item.settle) {
    problems.push(
      problem('settle', `\`${item.id}\` has both \`retries\` and \`settle\``, 'keep one of them'),
    );
  }
  return problems;
}

async function kindProblems(
  project: Project,
  yaml: YamlFile,
  kind: CheckKind,
  options: Record<string, unknown>,
  prefix: (string | number)[],
  environments: Environments,
  gate: Gate,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  const environment = environments.all[gate.environment];
  try {
    await kind.lint?.(options, {
      root: project.root,
      environment: environment && viewOf(environment),
      report: (path, message, hint) => {
        problems.push({
          code: 'CONFIG_INVALID',
          message,
          where: yaml.place([...prefix, ...path]),
          ...(hint ? { hint } : {}),
        });
      },
    });
  } catch (thrown) {
    problems.push({ code: 'CONFIG_INVALID', message: messageOf(thrown), where: yaml.place(prefix) });
  }
  return problems;
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
