import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { StatementSchema } from '../report/schema.ts';
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

  it.each(['2026-11-22T10:00:00Z', '2028-02-29T23:59:59.123Z'])('an instant is one: %s', (text) => {
    expect(surelyFits({ format: 'date-time' }, text)).toBe(true);
    expect(schemaErrors({ format: 'date-time' }, text)).toEqual([]);
  });

  it.each([
    '2026-02-30T10:00:00Z',
    '2026-11-22T24:00:00Z',
    '2026-11-22T23:59:60Z',
    '2026-11-22T10:00:00',
    '2026-11-22 10:00:00Z',
    '2026-11-22T10:00:00+01:00',
    '',
  ])('what the calendar does not have, or is written in another way, is not told: %j', (text) => {
    expect(surelyFits({ format: 'date-time' }, text)).toBe(false);
  });

  it('a signed report surely fits, and whatever was changed in it fits for the validator, too', async () => {
    const golden = await readFile(join(repo, 'harness/sign/fixtures/golden-report-v1.files'), 'utf8');
    const files = JSON.parse(golden) as Record<string, string>;
    const report = JSON.parse(Buffer.from(files['report.json'] ?? '', 'base64').toString()) as object;
    expect(surelyFits(StatementSchema as never, report)).toBe(true);
    const leaf = fc.constantFrom<unknown>(
      '',
      'passed',
      '2026-11-25T08:28:00Z',
      'f'.repeat(64),
      0,
      -1,
      1.5,
      null,
      true,
      [],
      {},
    );
    const key = fc.constantFrom('id', 'state', 'at', 'sha256', 'watch', 'attempts', 'x');
    const change = fc.record({
      at: fc.array(fc.nat(30), { maxLength: 8 }),
      key,
      value: leaf,
      drop: fc.boolean(),
    });
    let whole = 0;
    fc.assert(
      fc.property(fc.array(change, { maxLength: 2 }), (changes) => {
        const changed = structuredClone(report);
        for (const each of changes) apply(changed, each);
        if (!surelyFits(StatementSchema as never, changed)) return;
        whole += 1;
        expect(schemaErrors(StatementSchema, changed)).toEqual([]);
      }),
      { numRuns: 500 },
    );
    expect(whole).toBeGreaterThan(50);
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
