import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { bringOutsideConsumers } from '../testing/outside-consumers.ts';
import { sampleReport } from '../testing/sample-report.ts';
import { renderJunit } from './junit.ts';
import { type ItemState, itemStates, type Statement } from './schema.ts';

let python: string;
beforeAll(async () => {
  python = await bringOutsideConsumers();
}, 300_000);

/** What is wrong with each document, or null; one process for all of them. */
async function problems(documents: readonly string[]): Promise<(string | null)[]> {
  const fixtures = join(import.meta.dirname, 'fixtures');
  const child = spawn(python, [join(fixtures, 'validate-xml.py'), join(fixtures, 'junit.xsd')]);
  const [output, errors] = [text(child.stdout), text(child.stderr)];
  child.stdin.end(JSON.stringify(documents));
  const answer = await output;
  if (answer === '') throw new Error(await errors);
  return JSON.parse(answer) as (string | null)[];
}

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          ']]>',
          '<![CDATA[',
          '&',
          '<',
          '"',
          "'",
          '\u0000',
          '\u000b',
          '\u001f',
          '\u007f',
          '\u0085',
        ),
        fc.constantFrom('\ud800', '\udfff', '\ufffe', '\uffff', '🚦', '👩‍👩‍👧', '\u202e', '\r\n', '\t', 'é'),
      ),
    )
    .map((parts) => parts.join('')),
);

function reportOf(items: readonly { state: ItemState; title: string; reason: string }[]): Statement {
  const { statement } = sampleReport();
  const [base] = statement.predicate.items;
  if (!base) throw new Error('the sample has items');
  const made = items.map((item, index) => ({ ...base, ...item, id: `item-${index}` }));
  return { ...statement, predicate: { ...statement.predicate, items: made } };
}

describe('junit.xml', () => {
  it('fits the schema that build servers read by, whatever people and programs wrote', async () => {
    const items = fc.array(
      fc.record({ state: fc.constantFrom(...itemStates), title: nasty, reason: nasty }),
      { minLength: 1, maxLength: 4 },
    );
    const who = { person: 'kofi', keyid: '', at: '', earlier: false, kind: 'rejection' as const };
    const cases = fc
      .tuple(items, nasty)
      .map(([of, words]) => renderJunit(reportOf(of), { said: [{ ...who, name: words, words }] }));
    const documents = fc.sample(cases, { numRuns: 150, seed: 20_261_122 });
    expect((await problems(documents)).filter((problem) => problem !== null)).toEqual([]);
  });

  it('the schema refuses what is none', async () => {
    const fine = renderJunit(sampleReport('no-go').statement);
    const found = await problems([
      fine,
      fine.replace('tests="5"', 'tests="-1"'),
      fine.replace('<failure', '<failed'),
      fine.replace(/ type="failed"/, ''),
      fine.replace('name="countersign"', 'name="<"'),
    ]);
    expect(found.map((problem) => problem !== null)).toEqual([false, true, true, true, true]);
    expect(found[4]).toContain('not well-formed');
  });
});
