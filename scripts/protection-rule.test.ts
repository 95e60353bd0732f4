import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import {
  makeRunFolder,
  type RunFolder,
  SIGNED_AT,
  testItem,
  testPerson,
} from '#harness/testing/run-folder.ts';
import { runScript } from '#pipeline/testing/processes.ts';
import { decideDeployment } from '#scripts/protection-rule.ts';
import { protectionRuleServer } from '#scripts/protection-rule-server.ts';

const ada = testPerson('ada', ['release-manager']);
const ben = testPerson('ben', ['engineering']);
const people = [ada, ben];
const secret = 'It is a secret of the webhook';
const repository = 'bank/ledger';

let home: string;
let commit: string;
let run: RunFolder;
let github: Server;
let rule: Server;
let said: { path: string | undefined; token: string | undefined; body: Record<string, string> }[] = [];
let heard: PromiseWithResolvers<void>;
const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const listen = (server: Server) => new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
const options = () => ({
  repo: join(home, 'repo'),
  runs: join(home, 'runs'),
  signers: join(home, 'signers.yml'),
  ledger: join(home, 'ledger.jsonl'),
  gates: { staging: 'sample' },
  now: () => new Date(SIGNED_AT),
});

/** A repo whose commit the report is about, and a run folder that two people signed. */
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'protection-rule-test-'));
  await using draft = await makeRunFolder({ people });
  commit = await commitRepo(await readFile(join(draft.folder, 'gate.yml'), 'utf8'));
  run = await makeRunFolder({ people, change: (predicate) => aboutCommit(predicate) });
  await run.sign(ada);
  await run.sign(ben);
  await writeFile(join(home, 'signers.yml'), run.signers.bytes);
  github = createServer(async (request, response) => {
    const body = JSON.parse(await text(request)) as Record<string, string>;
    said.push({ path: request.url, token: request.headers.authorization, body });
    response.writeHead(204).end();
    heard.resolve();
  });
  await listen(github);
  rule = protectionRuleServer({
    secret,
    repository,
    api: urlOf(github),
    token: async () => 'token-of-the-installation',
    decide: (asked) => decideDeployment(options(), asked),
    say: () => {},
  });
  await listen(rule);
});

afterAll(async () => {
  for (const server of [github, rule]) server.close();
  await run[Symbol.asyncDispose]();
  await rm(home, { recursive: true, force: true });
});

beforeEach(async () => {
  said = [];
  heard = Promise.withResolvers();
  await rm(join(home, 'runs'), { recursive: true, force: true });
  await writeFile(join(home, 'ledger.jsonl'), '');
  await mkdir(join(home, 'runs'));
});

async function commitRepo(gate: string): Promise<string> {
  const at = join(home, 'repo');
  await mkdir(join(at, 'checklists'), { recursive: true });
  await writeFile(join(at, 'checklists/sample.gate.yml'), gate);
  const environments = { staging: { title: 'Staging', rehearsal: false } };
  await writeFile(join(at, 'checklists/environments.yml'), stringify({ environments }));
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.email=dev@example.com', '-c', 'user.name=Dev', ...args], { cwd: at });
  git('init', '-q');
  git('add', '-A');
  git('commit', '-qm', 'all');
  return git('rev-parse', 'HEAD').toString().trim();
}

function aboutCommit(predicate: RunFolder['statement']['predicate']): void {
  const { release } = predicate;
  release.subjects = [{ name: 'git:HEAD', digest: { gitCommit: commit } }];
  release.git = { commit, dirty: false, branch: 'main' };
}

const publish = (of: RunFolder) =>
  cp(of.folder, join(home, 'runs', basename(of.folder)), { recursive: true });

/** As GitHub documents it; what the rule does not read is left out. */
const payload = (change: object = {}) => ({
  action: 'requested',
  environment: 'staging',
  event: 'push',
  deployment_callback_url: `${urlOf(github)}/repos/${repository}/actions/runs/123/deployment_protection_rule`,
  deployment: { sha: commit, ref: 'main', environment: 'staging', task: 'deploy' },
  pull_requests: [],
  repository: { full_name: repository },
  installation: { id: 1 },
  sender: { login: 'dev' },
  ...change,
});

async function deliver(document: object, headers: Record<string, string> = {}) {
  const body = JSON.stringify(document);
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return fetch(urlOf(rule), {
    method: 'POST',
    body,
    headers: {
      'x-github-event': 'deployment_protection_rule',
      'x-github-delivery': crypto.randomUUID(),
      'x-hub-signature-256': `sha256=${signature}`,
      ...headers,
    },
  });
}

async function answered(document: object, headers: Record<string, string> = {}) {
  expect((await deliver(document, headers)).status).toBe(202);
  await heard.promise;
  return said.at(-1)?.body;
}

describe('a deployment protection rule', () => {
  it('approves a commit whose newest report verifies for use, at the callback, once', async () => {
    await publish(run);
    const headers = { 'x-github-delivery': crypto.randomUUID() };
    expect(await answered(payload(), headers)).toMatchObject({
      environment_name: 'staging',
      state: 'approved',
    });
    expect(said[0]).toMatchObject({
      path: `/repos/${repository}/actions/runs/123/deployment_protection_rule`,
      token: 'Bearer token-of-the-installation',
    });
    heard = Promise.withResolvers();
    expect(await answered(payload(), headers)).toMatchObject({ state: 'approved' });
    heard = Promise.withResolvers();
    expect(await answered(payload())).toMatchObject({
      state: 'rejected',
      comment: expect.stringMatching(/used/),
    });
  });

  it('rejects everything while its ledger is not there', async () => {
    await publish(run);
    await rm(join(home, 'ledger.jsonl'));
    expect(await answered(payload())).toMatchObject({ state: 'rejected' });
  });

  it('does not start without its ledger, and starts one only where there is none', async () => {
    const ledger = join(home, 'own.jsonl');
    const rule = (...more: string[]) =>
      runScript(
        'scripts/protection-rule.ts',
        [
          ...['--repository', repository, '--repo', home, '--runs', home, '--signers', 'signers.yml'],
          ...['--gate', 'staging=sample', '--port', 'none', '--ledger', ledger, ...more],
        ],
        { GITHUB_WEBHOOK_SECRET: secret, GITHUB_TOKEN_FILE: 'token' },
      );
    expect(await rule()).toMatchObject({ code: 2, stderr: expect.stringContaining('no such file') });
    // The port is none, so that it ends by itself.
    expect((await rule('--new-ledger')).stderr).toMatch(/port/i);
    expect(await readFile(ledger, 'utf8')).toBe('');
    expect(await rule('--new-ledger')).toMatchObject({ code: 2, stderr: expect.stringContaining('exists') });
  });

  it.each([
    ['nothing speaks of the commit', {}],
    ['no gate guards the environment', { environment: 'production' }],
  ])('rejects where %s', async (_, change) => {
    expect(await answered(payload(change))).toMatchObject({ state: 'rejected' });
  });

  it('rejects a report that is not fully signed, and one that was changed', async () => {
    await using half = await makeRunFolder({ people, change: aboutCommit });
    await half.sign(ada);
    await publish(half);
    expect(await answered(payload())).toMatchObject({
      state: 'rejected',
      comment: expect.stringMatching(/missing/),
    });
    await writeFile(join(home, 'runs', basename(half.folder), 'signers.yml'), 'people: []\n');
    heard = Promise.withResolvers();
    expect(await answered(payload())).toMatchObject({ state: 'rejected' });
  });

  it('rejects where a younger report of the same commit is a NO_GO', async () => {
    await publish(run);
    await using younger = await makeRunFolder({
      people,
      items: [testItem('smoke', 'failed')],
      change(predicate) {
        aboutCommit(predicate);
        predicate.run.finished_at = '2026-11-25T08:45:00.000Z';
      },
    });
    await cp(younger.folder, join(home, 'runs', 'younger'), { recursive: true });
    expect(await answered(payload())).toMatchObject({ state: 'rejected' });
  });

  it.each([
    ['without a signature', payload, { 'x-hub-signature-256': '' }, 401],
    [
      'with the signature of other bytes',
      payload,
      { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` },
      401,
    ],
    ['of another event', payload, { 'x-github-event': 'push' }, 202],
    ['of another repository', () => payload({ repository: { full_name: 'bank/other' } }), {}, 400],
    ['about no commit', () => payload({ deployment: { sha: '--upload-pack=x' } }), {}, 400],
    ['that is too large', () => payload({ event: 'x'.repeat(2 ** 20) }), {}, 413],
    ['whose action is another', () => payload({ action: 'created' }), {}, 400],
  ])('asks nobody for a delivery %s', async (_, document, headers, status) => {
    expect((await deliver(document(), headers as Record<string, string>)).status).toBe(status);
    expect(said).toEqual([]);
  });

  it.each([
    'http://169.254.169.254/repos/bank/ledger/actions/runs/1/deployment_protection_rule',
    'API@127.0.0.1/repos/bank/ledger/actions/runs/1/deployment_protection_rule',
    'API.example.com/repos/bank/ledger/actions/runs/1/deployment_protection_rule',
    'API/repos/bank/ledger/actions/runs/../../../../user/deployment_protection_rule',
    'API/repos/bank/ledger/actions/runs/1/deployment_protection_rule?x=/deployment_protection_rule',
    'API/repos/bank/other/actions/runs/1/deployment_protection_rule',
  ])('sends its token nowhere but to the API: %s', async (url) => {
    const callback = url.replace('API', urlOf(github));
    expect((await deliver(payload({ deployment_callback_url: callback }))).status).toBe(400);
    expect(said).toEqual([]);
  });
});
