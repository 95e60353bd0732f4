import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type JsonSchema, surelyFits } from './fits.ts';
import { schemaErrors } from './validate.ts';

const repo = join(import.meta.dirname, '../..');

describe('what surely fits a schema', () => {
  let schema: JsonSchema;
  let file: { checks: object[] };
  beforeAll(async () => {
    schema = JSON.parse(
      await readFile(join(repo, 'harness/schemas/synthetics.schema.json'), 'utf8'),
    ) as JsonSchema;
    file = parse(await readFile(join(repo, 'synthetics/uptime_checks.yml'), 'utf8'));
  });

  it('is the file of this repo', () => {
    expect(surelyFits(schema, file)).toBe(true);
  });

  it.each([
    [{ type: 'integer' }, 1.5],
    [{ type: 'string', pattern: '^a$' }, 'b'],
    [{ type: 'array', uniqueItems: true }, [{}, {}]],
    [{ type: 'object', additionalProperties: { type: 'string' } }, { a: 'b' }],
    [{ type: 'string', format: 'date' }, '2026-11-22'],
    [{ not: { type: 'string' } }, 1],
    [{ enum: [1] }, 1],
  ])('is not told of %j and %j, which are not or which only the validator knows', (odd, value) => {
    expect(surelyFits(odd, value)).toBe(false);
  });

  it('fits for the validator, too, whatever was changed in a file', () => {
    const leaf = fc.oneof(
      fc.constantFrom('', 'a', '60s', '<800', 'http', 'critical', '${secret.A}', 'a b'),
      fc.constantFrom(0, 1, -1, 1.5, 200, 70_000, true, false, null),
      fc.constantFrom([], {}, ['a', 'a'], [200, 401], { a: 1 }, [{ status_code: 200 }], { count: 2 }),
    );
    const key = fc.constantFrom(
      'name',
      'type',
      'url',
      'port',
      'interval',
      'json',
      'labels',
      'expect',
      'tls',
      'x',
      '1',
    );
    const change = fc.record({
      at: fc.array(fc.nat(30), { maxLength: 6 }),
      key,
      value: leaf,
      drop: fc.boolean(),
    });
    let whole = 0;
    fc.assert(
      fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
        const changed = structuredClone(file);
        for (const each of changes) apply(changed, each);
        if (!surelyFits(schema, changed)) return;
        whole += 1;
        expect(schemaErrors(schema as never, changed)).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
    expect(whole).toBeGreaterThan(100);
  });
});

/** Changes something, some steps down from the root. */
function apply(
  root: object,
  { at, key, value, drop }: { at: number[]; key: string; value: unknown; drop: boolean },
): void {
  let node = root as Record<string, unknown>;
  for (const step of at) {
    const below = Object.values(node).filter((each) => typeof each === 'object' && each !== null);
    if (below.length === 0) break;
    node = below[step % below.length] as Record<string, unknown>;
  }
  const names = Object.keys(node);
  const name = names[(at[0] ?? 0) % Math.max(1, names.length)] ?? key;
  if (drop && !Array.isArray(node)) delete node[name];
  else if (Array.isArray(node)) node[Number(name) || 0] = value;
  else node[drop ? key : name] = value;
}
