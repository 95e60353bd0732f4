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
    return disorder((gate as { items: { id: string; needs?: string[] }[] }).items);
  };
}

function disorder(items: readonly { id: string; needs?: string[] }[]): string | undefined {
  const byId = new Map(items.map((item) => [item.id, item]));
  if (byId.size < items.length) return 'two items have the same id';
  const unknown = items.flatMap(({ needs = [] }) => needs).find((need) => !byId.has(need));
  if (unknown !== undefined) return `${unknown} is needed and is no item`;
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    (byId.get(from)?.needs ?? []).some((need) => {
      if (need === to) return true;
      if (seen.has(need)) return false;
      seen.add(need);
      return reaches(need, to, seen);
    });
  const circle = items.find(({ id }) => reaches(id, id, new Set()));
  return circle && `${circle.id} needs itself`;
}
