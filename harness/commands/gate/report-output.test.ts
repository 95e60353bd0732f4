import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseBundle } from '../../sign/bundle.ts';
import { fixedKindConfig, runCli, testProject } from '../../testing/cli.ts';
import { reportOutput } from './report-output.ts';

let root: string;
const cli = (line: string) => runCli(root, line.split(' '));

beforeAll(async () => {
  root = await testProject({
    'checklists/environments.yml': stringify({
      environments: { local: { title: 'Local', rehearsal: true } },
    }),
    'checklists/small.gate.yml': stringify({
      gate: 'small',
      title: 'Small',
      environment: 'local',
      items: [{ id: 'seen', title: 'Seen <&>', check: 'fixed', with: { count: 1 } }],
      sign: { require: [{ role: 'engineering' }] },
    }),
    'countersign.config.ts': fixedKindConfig(),
  });
});

describe('--report', () => {
  it('of a run writes each format to its file, and the frozen bytes as JSON', async () => {
    const run = await cli('gate run small --sign --report console,json,junit,markdown,html --report-dir out');
    expect(run.exit, run.stderr).toBe(0);
    expect(run.stdout).toContain('REHEARSAL_GO');
    expect((await readdir(join(root, 'out'))).sort()).toEqual([
      'junit.xml',
      'report.html',
      'report.json',
      'report.md',
    ]);
    for (const name of ['report.json', 'report.html', 'junit.xml'])
      expect((await readFile(join(root, 'out', name))).equals(await kept(name)), name).toBe(true);
    expect(await readFile(join(root, 'out/report.md'), 'utf8')).toContain('## REHEARSAL GO: Small');
    expect((await cli('gate verify latest')).exit).toBe(0);
  });

  it('of one format goes to stdout, alone', async () => {
    expect((await cli('gate show latest --report junit')).stdout).toBe((await kept('junit.xml')).toString());
    expect((await cli('gate show latest --report html')).stdout).toContain('Rehearsal (engineering)');
  });

  it.each([
    [{ report: 'junit,html' }, 'several formats do not fit on one stdout'],
    [{ report: 'xml' }, '--report does not know `xml`'],
    [{ report: 'junit', json: true }, '--json and --report'],
    [{ 'report-dir': 'out' }, '--report-dir needs --report'],
  ])('refuses %j', (flags, message) => {
    expect(() => reportOutput({ flags, positionals: [] }, { cwd: root })).toThrow(message);
  });

  it.each([
    ['gate run small --report xml', '--report does not know `xml`'],
    ['gate show latest --report html --report-dir .countersign/latest/out', 'it would no longer verify'],
  ])('refuses `%s` before anything is run or written', async (line, message) => {
    const runs = await readdir(join(root, '.countersign/runs'));
    const refused = await cli(line);
    expect(refused).toMatchObject({ exit: 2, stderr: expect.stringContaining(message), stdout: '' });
    expect(await readdir(join(root, '.countersign/runs'))).toEqual(runs);
    expect(await readdir(join(root, '.countersign/latest'))).not.toContain('out');
  });
});

describe('gate statement', () => {
  it('signs a bundle of what the report says, which of a rehearsal is FAILED', async () => {
    const plain = await cli('gate statement latest --type test-result');
    expect(JSON.parse(plain.stdout)).toMatchObject({
      predicate: { result: 'FAILED', passedTests: ['seen'] },
    });
    const signed = await cli('gate statement latest --type vsa --as rehearsal-engineering --out vsa.json');
    expect(signed.stderr).toContain('wrote vsa.json, signed by SHA256:');
    const bundle = parseBundle(await readFile(join(root, 'vsa.json')), 'vsa.json');
    expect(JSON.parse(Buffer.from(bundle.payload).toString())).toMatchObject({
      predicate: { verificationResult: 'FAILED' },
    });
  });

  it('says nothing to others about a report that does not verify', async () => {
    const file = join(root, '.countersign/latest/report.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('REHEARSAL_GO', 'GO'));
    for (const type of ['test-result', 'vsa']) {
      const refused = await cli(`gate statement latest --type ${type}`);
      expect(refused).toMatchObject({
        exit: 4,
        stdout: '',
        stderr: expect.stringContaining('can be said of it'),
      });
    }
  });
});

const kept = (name: string) => readFile(join(root, '.countersign/latest', name));
