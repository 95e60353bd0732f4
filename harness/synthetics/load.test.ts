import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeError } from '../errors.ts';
import type { Definition } from './definition.ts';
import { loadSynthetics } from './load.ts';

const head = 'version: "1.0"\nchecks:\n';

describe('loading a file of checks', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-load-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  async function load(text: string): Promise<Definition> {
    const path = join(folder, 'checks.yml');
    await writeFile(path, text);
    return loadSynthetics(path, 'checks.yml');
  }
  const complaint = (text: string) => load(text).then(() => 'no complaint', describeError);

  it('fills in what a check does not say', async () => {
    const { checks, file, sha256 } = await load(`${head}  - {name: health, url: "http://127.0.0.1/"}\n`);
    expect(file).toBe('checks.yml');
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(checks).toEqual([
      {
        name: 'health',
        type: 'http',
        url: 'http://127.0.0.1/',
        active: true,
        tags: [],
        labels: {},
        depends_on: [],
        maintenance: [],
        interval: '60s',
        timeout: '10s',
        failure_threshold: 3,
      },
    ]);
  });

  it('knows where everything stood', async () => {
    const { place, keyPlace } = await load(`${head}  - name: health\n    url: http://127.0.0.1/\n`);
    expect(place(['checks', 0, 'url'])).toEqual({ file: 'checks.yml', line: 4, column: 10 });
    expect(keyPlace(['checks', 0, 'url'])).toEqual({ file: 'checks.yml', line: 4, column: 5 });
  });

  it('names a slip, its place and the word that was meant', async () => {
    const text = await complaint(`${head}  - name: health\n    url: http://127.0.0.1/\n    intervall: 60s\n`);
    expect(text).toContain('checks.yml:5:5 CONFIG_INVALID: `intervall` is not known here');
    expect(text).toContain('did you mean `interval`?');
  });

  it('tells what a check of its type lacks, and not what other types have', async () => {
    const text = await complaint(`${head}  - {name: resolver, type: dns}\n`);
    expect(text).toContain('checks.yml:3:5 CONFIG_INVALID: the check `resolver` lacks `host`');
    expect(text.split('\n').filter((line) => line.includes('CONFIG_INVALID'))).toHaveLength(1);
  });

  it('refuses a type that there is not', async () => {
    const text = await complaint(`${head}  - {name: resolver, type: htpp, url: x}\n`);
    expect(text).toContain('checks.yml:3:28 CONFIG_INVALID: there is no type of check `htpp`');
    expect(text).toContain('did you mean `http`?');
  });

  it('refuses a criterion that this type of probe can not judge', async () => {
    const text = await complaint(
      `${head}  - name: resolver\n    type: dns\n    host: localhost\n    success_criteria:\n      - status_code: 200\n`,
    );
    expect(text).toContain('checks.yml:7:9 CONFIG_INVALID: there is no criterion `status_code` here');
  });

  it.each([
    [
      'steps: [{url: x, success_criteria: [{status: 200}]}]',
      '5:42',
      'there is no criterion `status` here',
      '',
    ],
    [
      'success_criteria: [{status_code: 200, body_contains: x}]',
      '5:24',
      'several criteria in one',
      'its own',
    ],
    [
      'type: websocket\n    conversation: [{expct: {}}]',
      '6:21',
      'no turn `expct` here',
      'did you mean `expect`?',
    ],
    ['labels: {criticality: hihg}', '5:27', '"hihg"', ''],
    ['failure_threshold: 0', '5:24', 'must be >= 1', ''],
    ['interval: hourly', '5:15', '"hourly"', ''],
    [
      'success_criteria: [{response_time_ms: 800}]',
      '5:43',
      '`success_criteria.0.response_time_ms` is 800',
      '',
    ],
  ])('points at the slip in %s', async (line, place, message, hint) => {
    const text = await complaint(`${head}  - name: health\n    url: ws://127.0.0.1/\n    ${line}\n`);
    expect(text).toContain(`checks.yml:${place} CONFIG_INVALID: `);
    expect(text).toContain(message);
    expect(text).toContain(hint);
  });

  it('refuses two checks of one name, for alerts go by name', async () => {
    const check = '  - {name: health, url: "http://127.0.0.1/"}\n';
    const text = await complaint(head + check + check);
    expect(text).toContain('checks.yml:4:12 CONFIG_INVALID: there are two checks `health`');
    expect(text).toContain('line 3');
  });

  it.each([
    ['no checks', 'version: "1.0"\nchecks: []\n'],
    ['another version', 'version: "2.0"\nchecks: [{name: a, url: "http://127.0.0.1/"}]\n'],
    ['an empty file', ''],
    ['a key said twice', `${head}  - {name: a, name: b, url: "http://127.0.0.1/"}\n`],
    ['a tab', `${head}\t- {name: a}\n`],
    ['two documents', `${head}  - {name: a, url: "http://127.0.0.1/"}\n---\nx: 1\n`],
  ])('refuses %s', async (_, text) => {
    await expect(load(text)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
