import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openProject, type Project, readEnvironments } from '../config/project.ts';
import { CountersignError, describeError } from '../errors.ts';
import { testProject } from '../testing/cli.ts';
import { loadGate } from './load.ts';

const gate = `---
gate: web
title: Web
environment: here
items:
  - id: up
    title: It answers
    check: http
    with: {path: /, timeout: 5s}
    expect:
      - status == 200
      - duration_ms < 2000
  - id: vault
    title: In the vault
    attest: {role: security, about: [up]}
    needs: [up]
sign:
  require: [{role: manager}, {role: security, count: 2}]
  valid_for: 24h
`;
const environments = `---
environments:
  here: {title: Here, rehearsal: true, sources: {site: {kind: http, url: "http://127.0.0.1:1"}}}
`;

let project: Project;
const file = 'checklists/web.gate.yml';
const write = (text: string | Buffer) => writeFile(join(project.root, file), text);

beforeAll(async () => {
  const root = await testProject({ 'checklists/environments.yml': environments, [file]: gate });
  project = await openProject(root);
});

const http = `check: http
    with: {path: /, timeout: 5s}
    expect:
      - status == 200
      - duration_ms < 2000`;
const acting = (undo: string) =>
  gate.replace(http, `check: script\n    with: {run: ${file}}\n    undo: ${undo}`);

/** Every problem as a person reads it. */
async function problemsWith(text: string | Buffer): Promise<string> {
  await write(text);
  return loadGate(project, file).then(
    () => '',
    (thrown) => describeError(thrown),
  );
}

describe('H1: a gate file', () => {
  it('that is right loads, with defaults, order and expectations', async () => {
    await write(gate);
    const loaded = await loadGate(project, file);
    expect(loaded.levels).toEqual([['up'], ['vault']]);
    expect(loaded.items[0]).toMatchObject({
      options: { path: '/', timeout: '5s' },
      expectations: ['status == 200', 'duration_ms < 2000'],
    });
  });

  it.each([
    [
      'a wrong type',
      gate.replace('title: Web', 'title: [Web]'),
      `${file}:3:8 CONFIG_INVALID: \`title\` is ["Web"]; expected string`,
    ],
    ['a missing field', gate.replace('title: Web\n', ''), 'lacks `title`'],
    ['a word that is not known', gate.replace('valid_for', 'valid_fro'), 'did you mean `valid_for`?'],
    ['a duration that is none', gate.replace('24h', 'soon'), '`sign.valid_for` is "soon"'],
    ['a duplicate key', gate.replace('title: Web', 'title: Web\ntitle: Other'), 'Map keys must be unique'],
    [
      'retries of what writes',
      gate.replace(
        'check: http\n    with: {path: /, timeout: 5s}\n    expect:\n      - status == 200\n      - duration_ms < 2000',
        'check: script\n    with: {run: checklists/web.gate.yml}\n    retries: 2',
      ),
      '`up` writes, so it is never repeated',
    ],
    [
      'a watch of what writes',
      gate.replace(http, `check: script\n    with: {run: ${file}}\n    watch: {for: 2m, every: 30s}`),
      ':10:12 CONFIG_INVALID: `up` writes, so it can not be watched',
    ],
    [
      'an undo of what writes nothing',
      gate.replace(http, `check: http\n    with: {path: /}\n    undo: {check: script, with: {run: ${file}}}`),
      ':10:11 CONFIG_INVALID: `up` writes nothing, so there is nothing to undo',
    ],
    ['an undo by an unknown kind', acting('{check: scrpt}'), 'there is no check kind `scrpt`'],
    [
      'an undo that writes nothing',
      acting('{check: http, with: {path: /}}'),
      '`http` writes nothing, so it undoes',
    ],
    [
      'an undo with a secret that nobody declared',
      acting(`{check: script, with: {run: ${file}, env: {KEY: "\${secret.NOPE}"}}}`),
      ':10:75 CONFIG_INVALID: `${secret.NOPE}` cannot be filled',
    ],
    [
      'a fact of an item that is not needed',
      gate.replace('{path: /, timeout: 5s}', '{path: "/${needs.vault.status}"}'),
      ':9:18 CONFIG_INVALID: `${needs.vault.status}` cannot be filled',
    ],
    [
      'a source that the environment lacks',
      gate.replace('{path: /, timeout: 5s}', '{path: /, source: sit}'),
      ':9:29 UNKNOWN_SOURCE: the environment `here` has no source `sit`\n  hint: did you mean `site`?',
    ],
    ['an undo with an unknown option', acting('{check: script, with: {rum: a}}'), '`rum` is not known here'],
    [
      'an undo with an expectation of another type',
      acting(`{check: script, with: {run: ${file}}, expect: [exit_code == "0"]}`),
      'EXPECTATION_INVALID',
    ],
    [
      'a cutover that writes nothing',
      gate.replace(http, 'check: http\n    with: {path: /}\n    cutover: true'),
      '`up` writes nothing, so nothing goes live with it',
    ],
    [
      'a field that nothing acts on',
      gate.replace('    needs: [up]', '    promise: {for: 2h}'),
      '`promise` is not known here',
    ],
    [
      'an anchor bomb',
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]\n`,
      'Excessive alias count',
    ],
    ['an alias within itself', 'items: &items [*items]\n', 'stands for something that it is a part of'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00]), 'the file is not UTF-8 text'],
    ['nothing at all', '', 'expected object'],
    ['more than a megabyte', '#'.repeat(1024 * 1024 + 1), 'the most is 1048576'],
  ])('with %s is refused with the place and a hint', async (_name, text, message) => {
    const said = await problemsWith(text);
    expect(said).toContain(message);
    expect(said).toContain('hint: ');
    expect(said).toContain(file);
    expect(said).not.toMatch(/\n\s+at .*\.[tj]s:/);
  });

  it('broken anywhere gives problems, never an exception of another kind', { timeout: 120_000 }, async () => {
    const known = await readEnvironments(project.root);
    const mutation = fc.record({
      at: fc.nat(gate.length - 1),
      drop: fc.nat(12),
      put: fc.oneof(
        fc.string({ maxLength: 6 }),
        fc.constantFrom(
          '\n',
          '  ',
          ': ',
          '- ',
          '{',
          ']',
          '"',
          '&a',
          '*a',
          '0',
          'null',
          '!!js',
          '\u0000',
          '<<: ',
        ),
      ),
    });
    await fc.assert(
      fc.asyncProperty(mutation, async ({ at, drop, put }) => {
        await write(gate.slice(0, at) + put + gate.slice(at + drop));
        const thrown = await loadGate(project, file, { environments: known }).catch(
          (error: unknown) => error,
        );
        if (thrown instanceof Error) expect(thrown).toBeInstanceOf(CountersignError);
      }),
      { numRuns: 400 },
    );
  });

  it('is not looked at while an environment has a zone that nobody knows', async () => {
    const root = await testProject({
      'checklists/environments.yml': environments.replace(
        'rehearsal: true',
        'rehearsal: true, zone: Africa/Lgaos',
      ),
    });
    await expect(readEnvironments(root)).rejects.toThrow('`Africa/Lgaos` is no IANA zone');
  });

  it('in this repo is right', async () => {
    const own = await openProject(import.meta.dirname);
    const name = 'checklists/mono-staging-dry-run.gate.yml';
    expect((await loadGate(own, name)).items.length).toBeGreaterThan(30);
    expect(await readFile(join(own.root, name), 'utf8')).toContain('day8');
  });
});
