import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Environment } from '@marcbachmann/cel-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { verificationSummary } from '#harness/report/verification-summary.ts';
import { bringOutsideConsumers } from '#harness/testing/outside-consumers.ts';
import {
  makeRunFolder,
  type RunFolder,
  SIGNED_AT,
  testPerson,
  VERSION,
} from '#harness/testing/run-folder.ts';
import { mustRun, runProgram } from '#harness/tools/run.ts';

const repo = resolve(import.meta.dirname, '..');
const page = await readFile(join(repo, 'docs/outside.md'), 'utf8');
const hasCosign = (await runProgram('cosign', ['version'])).code === 0;

const ada = testPerson('ada', ['release-manager'], { type: 'p256' });
const ben = testPerson('ben', ['engineering'], { type: 'ed25519' });
let run: RunFolder;

/** The one block of the page in that language. */
function block(language: string): string {
  const [, text] = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(page) ?? [];
  if (text === undefined) throw new Error(`the page has no block of ${language}`);
  return text;
}

const shell = (text: string) =>
  runProgram('sh', ['-ec', text], { cwd: run.folder, env: { ...process.env, COMMIT: 'c'.repeat(40) } });

beforeAll(async () => {
  run = await makeRunFolder({ people: [ada, ben] });
  for (const person of [ada, ben]) {
    await run.sign(person);
    await writeFile(join(run.folder, '..', `${person.id}.pub`), person.keys[0]?.publicPem ?? '');
  }
});
afterAll(() => run[Symbol.asyncDispose]());

describe('docs/outside.md', () => {
  it('its lines of openssl verify both signatures', async () => {
    const { code, output } = await shell(block('sh openssl'));
    expect(code, output).toBe(0);
    expect(output.match(/Verified OK|Signature Verified Successfully/g)).toHaveLength(2);
  });

  it('its Python verifies two of two', async () => {
    const python = await bringOutsideConsumers();
    expect(await mustRun(python, ['-c', block('python')], { cwd: run.folder })).toContain('2 of 2');
  }, 300_000);

  it.runIf(hasCosign)('its line of cosign verifies', async () => {
    expect(await shell(block('sh cosign'))).toMatchObject({ output: expect.stringContaining('Verified OK') });
  });

  it('its policy lets a PASSED of this release pass, and nothing else', () => {
    const policy = new Environment({ unlistedVariablesAreDyn: true }).parse(block('cel'));
    const holds = (exit: number, commit: string) => {
      const { statement } = run;
      const at = new Date(SIGNED_AT);
      const summary = verificationSummary({
        statement,
        exit,
        decision: 'GO',
        inputs: [],
        at,
        version: VERSION,
      });
      return policy({ ...summary, commit });
    };
    expect(holds(0, 'c'.repeat(40))).toBe(true);
    expect(holds(1, 'c'.repeat(40))).toBe(false);
    expect(holds(0, 'd'.repeat(40))).toBe(false);
  });

  it('its workflow gives the action inputs that it has', async () => {
    const action = parse(await readFile(join(repo, 'action.yml'), 'utf8'));
    const steps = parse(block('yaml')) as { uses: string; with?: object }[];
    const own = steps.find(({ uses }) => uses.includes('/countersign@'));
    expect(Object.keys(action.inputs)).toEqual(expect.arrayContaining(Object.keys(own?.with ?? {})));
    for (const name of Object.keys(action.outputs)) expect(page).toContain(`\`${name}\``);
  });
});
