import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { parseDocument } from 'yaml';

/** Why a file can't be a gate, by means that `gate lint` does not use; `undefined` where these see nothing wrong. */
export type Oracle = (bytes: Buffer) => string | undefined;

/** The published JSON Schema with checks of its own, a strict YAML parser, and what items say of each other. */
export async function lintOracle(root: string): Promise<Oracle> {
  const schema = JSON.parse(await readFile(join(root, 'harness/schemas/gate.schema.json'), 'utf8')) as object;
  const ajv = new Ajv({ strict: false });
  (addFormats as unknown as typeof addFormats.default)(ajv);
  const fits = ajv.compile(schema);
  return (bytes) => {
    if (!Buffer.from(bytes.toString('utf8')).equals(bytes)) return 'it is not UTF-8';
    const document = parseDocument(bytes.toString('utf8'), { merge: true, logLevel: 'silent' });
    const [error] = document.errors;
    if (error) return `YAML: ${error.message.split('\n')[0]}`;
    const gate: unknown = document.toJS({ maxAliasCount: 1_000 });
    if (!fits(gate)) return ajv.errorsText(fits.errors);
    return disorder((gate as { items: Item[] }).items);
  };
}

interface Item {
  id: string;
  needs?: string[];
  cutover?: true;
  at?: 'cutover';
  attest?: object;
  watch?: object;
  fresh?: { at: 'cutover' | 'sign' };
}

function disorder(items: readonly Item[]): string | undefined {
  const ids = new Set(items.map(({ id }) => id));
  if (ids.size < items.length) return 'two items have the same id';
  const unknown = items.flatMap(({ needs = [] }) => needs).find((need) => !ids.has(need));
  if (unknown !== undefined) return `${unknown} is needed and is no item`;
  const early = items.find(({ needs = [] }) => items.some(({ id, attest }) => attest && needs.includes(id)));
  if (early) return `${early.id} waits for a person, who answers after the run`;
  const before = order(items);
  const circle = items.find(({ id }) => ended(before, id).has(id));
  return circle ? `${circle.id} needs itself` : cutoverDisorder(items, before);
}

/** What begins before each item: the cutover waits for what is measured at it, and that for all else it needs. */
function order(items: readonly Item[]): Map<string, Set<string>> {
  const before = new Map(items.map(({ id, needs = [] }) => [id, new Set(needs)]));
  const live = items.find(({ cutover }) => cutover);
  const atIt = items.filter((item) => item.at === 'cutover' && item !== live).map(({ id }) => id);
  for (const id of live ? atIt : []) {
    before.get(live?.id ?? '')?.add(id);
    for (const need of live?.needs ?? []) if (!atIt.includes(need)) before.get(id)?.add(need);
  }
  return before;
}

/** Everything that has ended when this item begins. */
function ended(before: ReadonlyMap<string, ReadonlySet<string>>, id: string): Set<string> {
  const seen = new Set<string>();
  const open = [...(before.get(id) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(before.get(next) ?? []));
  }
  return seen;
}

function cutoverDisorder(
  items: readonly Item[],
  before: ReadonlyMap<string, ReadonlySet<string>>,
): string | undefined {
  const [live, another] = items.filter(({ cutover }) => cutover);
  if (another) return `both ${live?.id} and ${another.id} are the cutover`;
  const of = items.filter((item) => item.at || item.cutover);
  const odd = of.find((item) => item.attest || item.watch || (item.at && item.cutover));
  if (odd) return `${odd.id} can not be at the cutover`;
  const fresh = items.filter((item) => item.fresh?.at === 'cutover');
  if (!live && (of.length > 0 || fresh.length > 0)) return 'there is no cutover';
  const late = fresh.find(({ id }) => live && !ended(before, live.id).has(id));
  return late && `${late.id} is not measured before the cutover`;
}
