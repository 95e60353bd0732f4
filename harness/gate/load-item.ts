import type { CheckKind } from '../checks/define.ts';
import { builtInKinds } from '../checks/index.ts';
import type { Environments, Project } from '../config/project.ts';
import { viewOf } from '../config/resolve.ts';
import { nearest, problemsOf, schemaErrors } from '../config/validate.ts';
import type { YamlFile } from '../config/yaml.ts';
import { messageOf, type Problem } from '../errors.ts';
import { checkExpectation } from './evaluate.ts';
import type { FactSchema } from './facts.ts';
import { needsOf } from './moment.ts';
import type { Gate, GateItem } from './schema.ts';

/** An item that is ready to run: options checked and defaults filled in. */
export interface LoadedItem extends GateItem {
  index: number;
  kind: CheckKind | undefined;
  options: Record<string, unknown>;
  /** Those that it names, and those that follow from the cutover. */
  needs: string[];
  /** The item's own expectations, or those of its kind. */
  expectations: readonly string[];
  /** How it is taken back: an item of the same id, with the check, options and expectations of its `undo`. */
  undoing?: LoadedItem;
}

export interface ItemLoading {
  project: Project;
  yaml: YamlFile;
  gate: Gate;
  environments: Environments;
  /** Gathers what is wrong. */
  problems: Problem[];
}

type Path = (string | number)[];

/** An item with its kind and that of its undo. */
export async function loadItem(item: GateItem, index: number, loading: ItemLoading): Promise<LoadedItem> {
  const path = ['items', index];
  const options = structuredClone((item.with ?? {}) as Record<string, unknown>);
  const kind = item.check === undefined ? undefined : await loadKind(item.check, path, loading);
  const expectations = item.expect ?? kind?.expect ?? [];
  const needs = [...(needsOf(loading.gate).get(item.id) ?? [])];
  const loaded: LoadedItem = { ...item, needs, index, kind, options, expectations };
  if (kind) {
    await checkAsked(kind, loaded, path, loading);
    kindRules(item, index, kind, loading);
  }
  const undoing = item.undo && (await loadUndo(loaded, item.undo, loading));
  return undoing ? { ...loaded, undoing } : loaded;
}

/** Every kind that a run of the gate measures with. */
export function kindsOf(items: readonly LoadedItem[]): CheckKind[] {
  const kinds = items.flatMap(({ kind, undoing }) => [kind, undoing?.kind]);
  return [...new Map(kinds.flatMap((kind) => (kind ? [[kind.kind, kind] as const] : []))).values()];
}

async function loadUndo(
  { id, title, index, needs, kind: acting }: LoadedItem,
  undo: NonNullable<GateItem['undo']>,
  loading: ItemLoading,
): Promise<LoadedItem | undefined> {
  const path = ['items', index, 'undo'];
  const refuse = refusal(loading);
  if (acting?.effects !== 'writes') {
    const hint = 'an undo takes back what a check with `effects: writes` did';
    refuse(path, `\`${id}\` writes nothing, so there is nothing to undo`, hint);
  }
  const kind = await loadKind(undo.check, path, loading);
  if (!kind) return undefined;
  if (kind.effects !== 'writes') {
    refuse(
      [...path, 'check'],
      `\`${undo.check}\` writes nothing, so it undoes nothing`,
      'name a kind that writes',
    );
  }
  const options = structuredClone((undo.with ?? {}) as Record<string, unknown>);
  const expectations = undo.expect ?? kind.expect;
  const undoing: LoadedItem = {
    id,
    title,
    index,
    ...undo,
    needs,
    kind,
    options,
    expectations,
  };
  await checkAsked(kind, undoing, path, loading);
  return undoing;
}

async function loadKind(name: string, path: Path, { project, yaml, problems }: ItemLoading) {
  if (project.kinds.has(name)) return project.kinds.load(name);
  const near = nearest(name, project.kinds.names);
  const hint = near ? `did you mean \`${near}\`?` : `known: ${project.kinds.names.join(', ')}`;
  const where = yaml.place([...path, 'check']);
  problems.push({ code: 'UNKNOWN_KIND', message: `there is no check kind \`${name}\``, where, hint });
  return undefined;
}

/** Options against their schema and the kind's own findings, expectations against the types of the facts. */
async function checkAsked(
  kind: CheckKind,
  asked: LoadedItem,
  path: Path,
  loading: ItemLoading,
): Promise<void> {
  const { yaml, problems } = loading;
  const prefix = [...path, asked.with ? 'with' : 'check'];
  const wrong = problemsOf(yaml, schemaErrors(kind.options, asked.options), prefix);
  problems.push(...wrong);
  if (wrong.length === 0) {
    await lintOptions(kind, asked.options, prefix, loading);
    lintReferences(asked.options, asked.needs, prefix, loading);
    if (builtInKinds.includes(kind.kind)) lintSources(asked.options, prefix, loading);
  }
  for (const [position, text] of (asked.expect ?? []).entries()) {
    const problem = checkExpectation(text, kind.facts as FactSchema);
    if (!problem) continue;
    problems.push({
      code: 'EXPECTATION_INVALID',
      message: `\`${text}\`: ${problem.message} (at ${problem.offset + 1})`,
      where: yaml.place([...path, 'expect', position]),
      hint: problem.hint ?? `\`countersign checks show ${kind.kind}\` lists the facts and their types`,
    });
  }
}

async function lintOptions(
  kind: CheckKind,
  options: Record<string, unknown>,
  prefix: Path,
  loading: ItemLoading,
): Promise<void> {
  const { project, gate, environments } = loading;
  const environment = environments.all[gate.environment];
  const refuse = refusal(loading);
  try {
    await kind.lint?.(options, {
      root: project.root,
      environment: environment && viewOf(environment),
      report: (path, message, hint) => refuse([...prefix, ...path], message, hint),
    });
  } catch (thrown) {
    refuse(prefix, messageOf(thrown));
  }
}

function lintSources(options: Record<string, unknown>, path: Path, loading: ItemLoading): void {
  const environment = loading.environments.all[loading.gate.environment];
  if (!environment) return;
  const known = Object.keys(environment.sources ?? {});
  for (const key of ['source', 'sources', 'alertmanager']) {
    for (const name of [options[key]].flat()) {
      if (typeof name !== 'string' || name.includes('${') || known.includes(name)) continue;
      const near = nearest(name, known);
      loading.problems.push({
        code: 'UNKNOWN_SOURCE',
        message: `the environment \`${loading.gate.environment}\` has no source \`${name}\``,
        where: loading.yaml.place([...path, key]),
        hint: near ? `did you mean \`${near}\`?` : `known: ${known.join(', ')}`,
      });
    }
  }
}

/** An undo whose secret nobody declared would be found out when it is needed most. */
function lintReferences(at: unknown, needs: readonly string[], path: Path, loading: ItemLoading): void {
  if (typeof at === 'object' && at !== null) {
    for (const [key, value] of Object.entries(at)) {
      lintReferences(value, needs, [...path, Array.isArray(at) ? Number(key) : key], loading);
    }
  }
  if (typeof at !== 'string') return;
  const environment = loading.environments.all[loading.gate.environment];
  for (const [text, space, name = ''] of at.matchAll(/(?<!\$)\$\{\s*(secret|needs)\.([\w-]+)[^}]*\}/g)) {
    const known =
      space === 'needs'
        ? needs.includes(name)
        : !environment ||
          Object.hasOwn(environment.secrets ?? {}, name) ||
          (name === 'DATABASE_URL' && environment.stack?.postgres !== undefined);
    const hint =
      space === 'needs'
        ? `let the item need \`${name}\``
        : `declare it under \`secrets\` of the environment \`${loading.gate.environment}\``;
    if (!known) refusal(loading)(path, `\`${text}\` cannot be filled`, hint);
  }
}

/** What an item may ask for depends on what its kind does to the world. */
function kindRules(item: GateItem, index: number, kind: CheckKind, loading: ItemLoading): void {
  const refuse = refusal(loading);
  const at = (field: string) => ['items', index, field];
  for (const field of ['retries', 'settle'] as const) {
    if (kind.effects !== 'writes' || !item[field]) continue;
    refuse(at(field), `\`${item.id}\` writes, so it is never repeated`, `take \`${field}\` away`);
  }
  if (kind.effects === 'writes' && item.watch) {
    const hint = 'watch what it changes, with an item of its own';
    refuse(at('watch'), `\`${item.id}\` writes, so it can not be watched`, hint);
  }
  if (item.cutover && kind.effects !== 'writes') {
    const hint = 'the release goes live with something that is done, such as a flag that is flipped';
    refuse(at('cutover'), `\`${item.id}\` writes nothing, so nothing goes live with it`, hint);
  }
  if (item.retries && item.settle)
    refuse(at('settle'), `\`${item.id}\` has both \`retries\` and \`settle\``, 'keep one of them');
}

function refusal({ yaml, problems }: ItemLoading) {
  return (path: Path, message: string, hint?: string): void => {
    problems.push({ code: 'CONFIG_INVALID', message, where: yaml.place(path), ...(hint ? { hint } : {}) });
  };
}
