import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { validateYaml } from '../config/validate.ts';
import { readYaml } from '../config/yaml.ts';
import { CountersignError } from '../errors.ts';
import type { Attempt, Decision, ItemReport, ItemState, Statement } from '../report/schema.ts';
import { frozenGate } from '../sign/frozen-gate.ts';
import { SignersSchema } from '../sign/signers.ts';
import { trustedKeys } from '../sign/trust.ts';
import type { OpenWaiver } from '../sign/waiver.ts';
import { contradictions, wasLeftOut } from './contradictions.ts';
import type { NeededFacts } from './evaluate.ts';
import type { FactSchema } from './facts.ts';
import { needsOf, whyNoCutover } from './moment.ts';
import type { Gate, GateItem, WatchSettings } from './schema.ts';
import { decide, isRehearsed, type Judgement, judgeFacts, letsPass, stateOfAttempts } from './verdict.ts';
import { deciding, readWaived, waivedProblem } from './waived.ts';
import { judgeWatch, watchPlan } from './watch.ts';

export interface Recomputation {
  decision: Decision;
  items: { id: string; state: ItemState }[];
  /** What each measurement of the report came to, judged again. */
  judged: ReadonlyMap<Attempt, Judgement>;
}

/** Name under which a run keeps the types of a kind's facts: whoever judges again needs no code of the kind. */
export function factSchemaName(kind: string): string {
  return `schemas/${kind}.facts.json`;
}

/** Judges the stored facts of a run folder again, by the gate and the fact types that lie in it. */
export async function recompute(folder: string, statement: Statement): Promise<Recomputation> {
  const { predicate } = statement;
  const gate = await frozenGate(folder);
  const [contradiction] = contradictions(gate, predicate);
  if (contradiction) throw refuse(contradiction);
  const schemas = await factSchemas(folder, statement, gate);
  const waivers = await waiversOf(folder, statement);
  const needs = needsOf(gate);
  const states = new Map<string, ItemState>();
  const judged = new Map<Attempt, Judgement>();
  for (const item of inOrder(predicate.items)) {
    const declared = gate.items.find(({ id }) => id === item.id);
    if (!declared) throw refuse(`the item ${item.id} is not in the gate`);
    const known = { statement, schemas, states, gate, needs, waivers, judged };
    states.set(item.id, afterWaiver(item, stateOf(item, declared, known), declared, known));
    holdUndo(item, declared, known);
  }
  const missing = gate.items.find(({ id }) => !states.has(id));
  if (missing) throw refuse(`the item ${missing.id} of the gate is not in the report`);
  const items = predicate.items.map(({ id, reason, undo }) => ({
    id,
    state: states.get(id) ?? 'error',
    ...(reason ? { reason } : {}),
    ...(undo ? { undo } : {}),
  }));
  const { decision } = decide({
    items,
    rehearsal: predicate.environment.rehearsal,
    relaxations: predicate.relaxations,
  });
  return { decision, items: items.map(({ id, state }) => ({ id, state })), judged };
}

interface Known {
  statement: Statement;
  schemas: ReadonlyMap<string, FactSchema>;
  states: ReadonlyMap<string, ItemState>;
  gate: Gate;
  needs: ReadonlyMap<string, readonly string[]>;
  waivers: ReadonlyMap<string, OpenWaiver>;
  judged: Map<Attempt, Judgement>;
}

function stateOf(item: ItemReport, declared: GateItem, known: Known): ItemState {
  const { environment } = known.statement.predicate;
  const needs = known.needs.get(item.id) ?? [];
  if (needs.some((need) => !letsPass.has(known.states.get(need) ?? 'error'))) return 'blocked';
  if (item.state === 'blocked' && wasLeftOut(item, declared, known.statement.predicate)) return 'blocked';
  if (declared.attest) return attested(item, environment.rehearsal);
  if (item.check !== declared.check)
    throw refuse(`${item.id} was checked by another kind than the gate says`);
  if (item.cutover && whyNoCutover(item.cutover)) return 'failed';
  const state = measuredState(item, declared, known);
  return isRehearsed(item.answers, environment.rehearsal, state) ? 'rehearsed' : state;
}

function measuredState(item: ItemReport, declared: GateItem, known: Known): ItemState {
  const judge = (attempt: Attempt) => judgeAgain(item, declared, attempt, known).state;
  if (declared.watch) return watchedState(item, declared.watch, judge, known.statement);
  return stateOfAttempts(item.attempts.map(judge), declared.flaky);
}

/** What the undo came to is judged again, too: it is the last thing that was done to the world. */
function holdUndo(item: ItemReport, { undo, expect: _expect, ...declared }: GateItem, known: Known): void {
  if (!undo || !item.undo) return;
  const asked = { ...declared, ...(undo.expect ? { expect: undo.expect } : {}) };
  const made = { ...item, check: undo.check };
  const states = item.undo.attempts.map((attempt) => judgeAgain(made, asked, attempt, known).state);
  const state = states.at(-1) ?? 'error';
  if (state !== item.undo.state)
    throw refuse(
      `the stored facts of the undo of ${item.id} give ${state}, the report says ${item.undo.state}`,
    );
}

function watchedState(
  item: ItemReport,
  watch: WatchSettings,
  judge: (sample: Attempt) => Attempt['state'],
  { predicate }: Statement,
): ItemState {
  const samples = (item.watch?.samples ?? []).map((sample) => ({ ...sample, state: judge(sample) }));
  return judgeWatch(watchPlan(watch, predicate.run.rehearse), samples).state;
}

function attested(item: ItemReport, rehearsal: boolean): ItemState {
  if (rehearsal) return 'rehearsed';
  if (!item.attest?.statement) return 'pending';
  // Confirmed or rejected: the signed statement itself is held against this by the check of attestations.
  return item.state === 'passed' ? 'passed' : 'failed';
}

/** What a waiver lets stand, judged by the copies that lie in the folder; a check of `verify` holds them to the given ones. */
function afterWaiver(item: ItemReport, state: ItemState, declared: GateItem, known: Known): ItemState {
  const waiver = known.waivers.get(item.id);
  if (!waiver || (state !== 'failed' && state !== 'error')) return state;
  const attempts = deciding(item).map((attempt) => ({
    ...judgeAgain(item, declared, attempt, known),
    ...(attempt.error ? { error: attempt.error } : {}),
  }));
  return waivedProblem(item, waiver, { state, attempts }, known) === undefined ? 'waived' : state;
}

async function waiversOf(folder: string, { predicate }: Statement): Promise<Map<string, OpenWaiver>> {
  const waivers = new Map<string, OpenWaiver>();
  if (!predicate.items.some(({ waiver }) => waiver)) return waivers;
  const file = await readYaml(join(folder, 'signers.yml'), 'signers.yml');
  const keys = trustedKeys(validateYaml(SignersSchema, file));
  for (const item of predicate.items) {
    const waiver = await readWaived(folder, item, keys);
    if (waiver) waivers.set(item.id, waiver);
  }
  return waivers;
}

function judgeAgain(item: ItemReport, declared: GateItem, attempt: Attempt, known: Known): Judgement {
  if (attempt.facts === undefined) return { state: 'error', expectations: [] };
  const schema = known.schemas.get(item.check ?? '');
  if (!schema) throw refuse(`the types of \`${item.check}\` are not in the evidence`);
  const expect = declared.expect ?? attempt.expectations.map(({ text }) => text);
  const facts = attempt.facts as Record<string, unknown>;
  const judgement = judgeFacts(expect, schema, facts, neededFacts(declared.id, known));
  known.judged.set(attempt, judgement);
  return judgement;
}

function neededFacts(item: string, { statement, schemas, needs }: Known): Record<string, NeededFacts> {
  return Object.fromEntries(
    (needs.get(item) ?? []).flatMap((id) => {
      const need = statement.predicate.items.find((item) => item.id === id);
      const facts = need?.attempts.at(-1)?.facts as Record<string, unknown> | undefined;
      const schema = schemas.get(need?.check ?? '');
      return facts && schema ? [[id, { facts, schema }]] : [];
    }),
  );
}

async function factSchemas(
  folder: string,
  { predicate }: Statement,
  gate: Gate,
): Promise<Map<string, FactSchema>> {
  const schemas = new Map<string, FactSchema>();
  const checks = predicate.items.flatMap((item) => item.check ?? []);
  const undoing = gate.items.flatMap(({ undo }) => undo?.check ?? []);
  for (const check of new Set([...checks, ...undoing])) {
    const file = predicate.evidence.files.find(({ name }) => name === factSchemaName(check));
    if (!file) continue;
    schemas.set(
      check,
      JSON.parse(await readFile(join(folder, 'evidence', file.sha256), 'utf8')) as FactSchema,
    );
  }
  return schemas;
}

/** Each item after those that it needs; the report lists them as the gate does. */
function inOrder(items: readonly ItemReport[]): ItemReport[] {
  const ordered: ItemReport[] = [];
  const place = (item: ItemReport, way: readonly string[]): void => {
    if (ordered.includes(item)) return;
    if (way.includes(item.id)) throw refuse('its items need each other in a circle');
    for (const need of items.filter(({ id }) => item.needs.includes(id))) place(need, [...way, item.id]);
    ordered.push(item);
  };
  for (const item of items) place(item, []);
  return ordered;
}

function refuse(message: string): CountersignError {
  return new CountersignError('REPORT_INVALID', message);
}
