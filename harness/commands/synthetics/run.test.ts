import { mkdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { runCli, testProject } from '../../testing/cli.ts';

describe('synthetics run', () => {
  let root: string;
  let server: Server;
  let wavering = 0;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const broken = request.url === '/broken' || (request.url === '/wavering' && wavering++ % 2 === 0);
      response.writeHead(broken ? 500 : 200, { 'content-type': 'text/plain' });
      response.end(`ok for ${request.headers['authorization'] ?? 'anybody'} <&>`);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const check = (name: string, more: object = {}) => ({ name, url: `\${BASE_URL}/${name}`, ...more });
    root = await testProject({
      'synthetics/checks.yml': stringify({
        version: '1.0',
        checks: [
          check('health', { tags: ['core'], success_criteria: [{ body_contains: 'ok' }] }),
          check('private', { tags: ['core'], headers: { Authorization: 'Bearer ${secret.TOKEN}' } }),
          check('wavering', { tags: ['wavering'], retries: { count: 1, delay: '1ms' } }),
          check('broken', {
            tags: ['broken'],
            headers: { Authorization: 'Bearer ${secret.TOKEN}' },
            success_criteria: [{ body_not_contains: 'hunter2' }],
          }),
          check('keyless', { tags: ['keyless'], headers: { Authorization: 'Bearer ${secret.OTHER}' } }),
          check('retired', { tags: ['retired'], active: false }),
        ],
        environments: {
          here: {
            base_url: `http://127.0.0.1:${port}`,
            secrets: { TOKEN: { env: 'TOKEN' }, OTHER: { env: 'OTHER' } },
          },
        },
      }),
    });
  });
  afterAll(async () => {
    server.close();
    await rm(root, { recursive: true, force: true });
  });

  const run = (...args: string[]) =>
    runCli(root, ['synthetics', 'run', ...args], { TOKEN: 'hunter2-hunter2' });
  const tagged = (tag: string, ...args: string[]) => run('--tag', tag, ...args);

  it('probes what is chosen and shows each check with its time', async () => {
    const { exit, stdout, stderr } = await tagged('core');
    expect([exit, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^✓ passed {4}health {3}http {6}[\d.]+ m?s/m);
    expect(stdout).toMatch(/^passed {2}2 passed of 2 on here \(/m);
  });

  it('shares connections with --keep-connections only', async () => {
    const reused = async (...args: string[]) => {
      const { stdout } = await tagged('core', '--json', '--concurrency', '1', ...args);
      const { checks } = JSON.parse(stdout) as { checks: { facts: { reused: boolean } }[] };
      return checks.map(({ facts }) => facts.reused);
    };
    expect(await reused()).toEqual([false, false]);
    expect(await reused('--keep-connections')).toEqual([false, true]);
  });

  it('exits with 1 for a failure, says what was expected, and shows no secret', async () => {
    const { exit, stdout } = await run('--check', 'health', '--check', 'broken');
    expect(exit).toBe(1);
    expect(stdout).toContain('answered 500 Internal Server Error');
    expect(stdout).toMatch(/^failed {2}1 passed, 1 failed of 2 on here/m);
    expect(stdout).not.toContain('hunter2-');
  });

  it('passes what worked at the second attempt, and names it', async () => {
    const { exit, stdout } = await tagged('wavering');
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^≈ flaky {5}wavering/m);
    expect(stdout).toContain('passed at attempt 2 only');
  });

  it('exits with 3 when a check could not be probed', async () => {
    const { exit, stdout } = await tagged('keyless');
    expect(exit).toBe(3);
    expect(stdout).toMatch(/^! error {5}keyless/m);
    expect(stdout).toContain('needs the environment variable OTHER, which is not set');
  });

  it.each([['retired'], ['nothing']])('exits with 3 when the tag %s fits no active check', async (tag) => {
    const { exit, stdout, stderr } = await tagged(tag);
    expect([exit, stdout]).toEqual([3, '']);
    expect(stderr).toContain('error NO_DATA: no check was probed');
  });

  it('gives every observation as JSON', async () => {
    const { exit, stdout } = await tagged('core', '--json');
    expect(exit).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'passed',
      file: 'synthetics/checks.yml',
      environment: 'here',
      counts: { total: 2, passed: 2, flaky: 0, failed: 0, error: 0 },
      checks: [
        { check: 'health', type: 'http', state: 'passed', facts: { status: 200 } },
        { check: 'private', timings: { total: expect.any(Number) } },
      ],
    });
    expect(stdout).not.toContain('hunter2-');
  });

  it('writes JUnit beside a table', async () => {
    const { exit, stdout } = await run(
      '--check',
      'broken',
      '--check',
      'health',
      '--format',
      'junit',
      '--output',
      'out.xml',
    );
    expect(exit).toBe(1);
    expect(stdout).toContain('1 passed, 1 failed of 2');
    const xml = await readFile(join(root, 'out.xml'), 'utf8');
    expect(xml).toContain('<testsuite name="synthetics/checks.yml"');
    expect(xml).toMatch(/tests="2" failures="1" errors="0" skipped="0"/);
    expect(xml).toMatch(
      /<testcase classname="synthetics\/checks.yml.http" name="health" time="\d+\.\d{3}"\/>/,
    );
    expect(xml).toMatch(/name="broken" time="\d+\.\d{3}">\n {6}<failure message="GET http:/);
  });

  it('annotates the lines of the file for GitHub, and fills the job summary', async () => {
    const summary = join(root, 'summary.md');
    const { exit, stdout } = await runCli(
      root,
      ['synthetics', 'run', '--tag', 'broken', '--format', 'github'],
      {
        TOKEN: 'hunter2-hunter2',
        GITHUB_STEP_SUMMARY: summary,
      },
    );
    expect(exit).toBe(1);
    expect(stdout).toMatch(
      /^::error file=synthetics\/checks\.yml,line=\d+,col=5,title=broken%3A failed::GET http/m,
    );
    expect(stdout).toContain('✗ failed');
    const text = await readFile(summary, 'utf8');
    expect(text).toContain('## Synthetics failed');
    expect(text).toContain('| failed | broken |');
  });

  it.each([
    [['--check', 'helth'], 'did you mean `health`?'],
    [['--env', 'nowhere'], 'known there: here'],
    [['--format', 'tap'], 'known: table, json, junit, github'],
    [['--concurrency', '0'], '--concurrency takes a whole number'],
    [['other.yml'], 'there is no such file'],
  ])('exits with 2 for %o', async (flags, message) => {
    const { exit, stderr } = await run(...flags);
    expect(exit).toBe(2);
    expect(stderr).toContain(message);
  });

  it('works from a folder below', async () => {
    await mkdir(join(root, 'deep'), { recursive: true });
    const { exit, stdout } = await runCli(join(root, 'deep'), ['synthetics', 'run', '--check', 'health']);
    expect(exit).toBe(0);
    expect(stdout).toContain('1 passed of 1');
  });
});
