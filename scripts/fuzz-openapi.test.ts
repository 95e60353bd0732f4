import swagger from '@fastify/swagger';
import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { runScript } from '#pipeline/testing/processes.ts';
import { bringSchemathesis } from '#scripts/bring-schemathesis.ts';
import { judge, runSchemathesis } from '#scripts/run-schemathesis.ts';

const json = { type: 'object', required: ['ok'], properties: { ok: { type: 'boolean' } } };
const body = { type: 'object', required: ['count'], properties: { count: { type: 'integer' } } };
const schema = { body, response: { 200: json, '4xx': json } };
const settings = { headers: {}, seed: 1, examples: 10, phases: ['coverage', 'fuzzing'], env: process.env };

/** Each route but the last is broken in a way of its own. */
async function startBroken() {
  const app = Fastify({ ajv: { customOptions: { coerceTypes: false } } });
  app.setErrorHandler((_error, _request, reply) => reply.code(400).send({ ok: false }));
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  await app.register(swagger, { openapi: { openapi: '3.1.0', info: { title: 'broken', version: '1' } } });
  app.post<{ Body: { count: number } }>('/fails', { schema }, async (request, reply) =>
    request.body.count < 0 ? reply.code(500).send({ ok: false }) : { ok: true },
  );
  app.post('/surprises', { schema }, (_request, reply) => reply.code(302).send({ ok: true }));
  app.post('/misdescribes', { schema }, async () => ({ ok: 'yes' }));
  app.post('/whole', { schema }, async () => ({ ok: true }));
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { app, url, document: app.swagger() as unknown as { paths: Record<string, object> } };
}

const ended = { code: 0, isTooLate: false, output: '' };
const report = (changes: object = {}) =>
  JSON.stringify({
    complete: true,
    stop_reason: 'completed',
    running_time: 1,
    operations: { total: 2, selected: 2, tested: 2, errored: 0, skipped: 0 },
    test_cases: { generated: 40 },
    failures: [],
    errors: [],
    warnings: { missing_auth: [] },
    ...changes,
  });

it('names each operation that fails on some input, answers as nobody said, or breaks its schema', async () => {
  const tool = await bringSchemathesis(process.env, () => {});
  const { app, url, document } = await startBroken();
  try {
    const target = { ...settings, url, document, timeoutMs: 100_000 };
    const { findings, tested, cases } = await runSchemathesis(tool, target);
    expect(tested).toBe(4);
    expect(cases).toBeGreaterThan(20);
    expect(findings).toContain('POST /fails: Server error (ST101)');
    expect(findings.filter((finding) => finding.startsWith('POST /surprises'))).not.toEqual([]);
    expect(findings.filter((finding) => finding.startsWith('POST /misdescribes'))).not.toEqual([]);
    expect(findings.filter((finding) => finding.startsWith('POST /whole'))).toEqual([]);

    const empty = await runSchemathesis(tool, { ...target, document: { ...document, paths: {} } });
    expect(empty.findings).not.toEqual([]);
    const silent = await runSchemathesis({ command: ['true'], version: '4.32.0' }, target);
    expect(silent.findings).toEqual(['it ended with 0 and left no report']);
    const absent = await runSchemathesis({ command: ['/no/such/program'], version: '4.32.0' }, target);
    expect(absent.findings).toEqual(['it ended with 127 and left no report']);
    const slow = await runSchemathesis(tool, { ...target, timeoutMs: 1 });
    expect(slow.findings).toEqual(['it did not end in its time']);
  } finally {
    await app.close();
  }
}, 120_000);

it('takes nothing for a pass that is not a whole run with nothing found', () => {
  expect(judge(report(), ended).findings).toEqual([]);
  const operations = { total: 2, selected: 2, tested: 2, errored: 0, skipped: 0 };
  const cases: [object, string][] = [
    [{ operations: { ...operations, tested: 1 } }, 'only 1 of 2 operations were tested'],
    [{ operations: { ...operations, total: 0, tested: 0 } }, 'no operation was tested'],
    [{ complete: false, stop_reason: 'interrupted' }, 'it stopped before its end: interrupted'],
    [{ test_cases: { generated: 0 } }, 'no case was tried'],
    [{ errors: ['broken schema'] }, 'error: "broken schema"'],
  ];
  for (const [changes, finding] of cases) expect(judge(report(changes), ended).findings).toEqual([finding]);
  expect(judge(report(), { ...ended, code: 1 }).findings).toEqual(['it ended with 1']);
});

it('says how to get schemathesis on a machine without Python, and does not pass', async () => {
  const { code, stderr } = await runScript('scripts/fuzz-openapi.ts', [], { PATH: '/nowhere' });
  expect(code).toBe(3);
  expect(stderr).toMatch(/TOOL_MISSING.*there is no python3 that runs/);
  expect(stderr).toMatch(/hint: install Python 3\.11/);
});

it('refuses settings that it does not know', async () => {
  for (const args of [
    ['--examples', '0'],
    ['--phases', 'fuzzing,all'],
  ]) {
    const { code, stderr } = await runScript('scripts/fuzz-openapi.ts', args, {});
    expect([code, stderr]).toEqual([2, expect.stringContaining('Usage: node scripts/fuzz-openapi.ts')]);
  }
});

/** Loaded before the script: the real service, with one route that fails for those who may call it. */
const breakage = `import { subscribe } from 'node:diagnostics_channel';
subscribe('fastify.initialization', ({ fastify }) => fastify.addHook('preHandler', async (request) => {
  if (request.url.startsWith('/api/wallet')) throw new Error('broken on purpose');
}));`;

it('ends with 1 and the name of the operation when a route of the service fails', async () => {
  const args = ['--phases', 'fuzzing', '--examples', '2', '--as', 'member'];
  const { HOME, COUNTERSIGN_CACHE, XDG_CACHE_HOME } = process.env;
  const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(breakage)}`;
  const env = { HOME, COUNTERSIGN_CACHE, XDG_CACHE_HOME, NODE_OPTIONS };
  const { code, stdout } = await runScript('scripts/fuzz-openapi.ts', args, env);
  expect(stdout).toMatch(/^finding: as member: GET \/api\/wallet\/: Server error/m);
  expect(stdout).toMatch(/^finding: in the service's log: .*request\.failed/m);
  expect(stdout).toMatch(/^left out: GET \/ws\/notifications\/, a WebSocket/m);
  expect(code).toBe(1);
}, 120_000);
