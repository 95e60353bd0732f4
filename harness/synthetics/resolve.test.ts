import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { resolveEnvironment } from '../config/resolve.ts';
import { loadSynthetics } from './load.ts';
import { resolveFor } from './resolve.ts';

const file = {
  version: '1.0',
  checks: [
    {
      name: 'health',
      url: '${BASE_URL}/health',
      headers: { authorization: 'Bearer ${secret.TOKEN}', 'x-member': '${vars.member_id}' },
      body: '${WS_BASE_URL} $${literal}',
      labels: { environment: 'production', service: 'core' },
      description: 'costs ${5}',
    },
    { name: 'certificate', type: 'tls', host: '${vars.host}', environments: ['production'] },
  ],
  environments: {
    production: { base_url: 'https://www.example.com/', vars: { member_id: 'm-1', host: 'www.example.com' } },
    staging: {
      base_url: '${env.STAGING_URL}',
      vars: { member_id: 'm-2' },
      secrets: { TOKEN: { env: 'STAGING_TOKEN' } },
      interval_override: '5m',
      failure_threshold_override: 5,
      locations: ['lagos'],
    },
    local: { base_url: '${vars.service_url}' },
  },
};

describe('the checks of a file in one environment', () => {
  let folder: string;
  let path: string;
  const learnt: string[] = [];
  const around = (env: Record<string, string> = {}) => ({
    root: folder,
    env,
    onSecret: (value: string) => void learnt.push(value),
  });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-resolve-'));
    path = join(folder, 'checks.yml');
    await writeFile(path, stringify(file));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('fills in the base URL and variables, and leaves secrets as references', async () => {
    const { checks, baseUrl, environment } = await resolveFor(
      await loadSynthetics(path),
      'production',
      around(),
    );
    expect([environment, baseUrl]).toEqual(['production', 'https://www.example.com/']);
    expect(checks[0]).toMatchObject({
      url: 'https://www.example.com/health',
      headers: { authorization: 'Bearer ${secret.TOKEN}', 'x-member': 'm-1' },
      body: 'wss://www.example.com $${literal}',
      description: 'costs ${5}',
      interval: '60s',
      failure_threshold: 3,
    });
  });

  it('takes overrides, and tells alerts where they come from', async () => {
    const { checks } = await resolveFor(
      await loadSynthetics(path),
      'staging',
      around({ STAGING_URL: 'https://staging.example.com' }),
    );
    expect(checks[0]).toMatchObject({
      url: 'https://staging.example.com/health',
      interval: '5m',
      failure_threshold: 5,
      locations: ['lagos'],
      labels: { environment: 'staging', service: 'core' },
    });
  });

  it('leaves out what is not probed there', async () => {
    const definition = await loadSynthetics(path);
    const names = async (name: string, env = {}) =>
      (await resolveFor(definition, name, around(env))).checks.map((check) => check.name);
    expect(await names('production')).toEqual(['health', 'certificate']);
    expect(await names('staging', { STAGING_URL: 'https://staging.example.com' })).toEqual(['health']);
  });

  it('reads a secret when asked, and tells it to whoever redacts first', async () => {
    const env = { STAGING_URL: 'https://staging.example.com', STAGING_TOKEN: 'hunter2-hunter2' };
    const { value } = await resolveFor(await loadSynthetics(path), 'staging', around(env));
    expect(learnt).toContain('hunter2-hunter2');
    expect(await value('secret.TOKEN')).toBe('hunter2-hunter2');
    await expect(value('secret.OTHER')).rejects.toMatchObject({ code: 'SECRET_MISSING' });
  });

  it('knows what the environment of the project knows', async () => {
    const project = await resolveEnvironment(
      {
        name: 'local',
        title: 'Local',
        rehearsal: true,
        vars: { service_url: 'http://127.0.0.1:8080', member_id: 'm-3' },
        secrets: { TOKEN: { env: 'LOCAL_TOKEN' } },
      },
      { ...around({ LOCAL_TOKEN: 'hunter3-hunter3' }) },
    );
    const resolved = await resolveFor(await loadSynthetics(path), 'local', { ...around(), project });
    expect(resolved.checks[0]).toMatchObject({
      url: 'http://127.0.0.1:8080/health',
      headers: { 'x-member': 'm-3' },
    });
    expect(await resolved.value('secret.TOKEN')).toBe('hunter3-hunter3');
  });

  it('names what is not known, and where it stands', async () => {
    await expect(resolveFor(await loadSynthetics(path, 'c.yml'), undefined, around())).rejects.toMatchObject({
      message: '${BASE_URL} is not known',
      where: { file: 'c.yml', line: 4, column: 10 },
      hint: 'give the environment a `base_url`, and choose it with --env',
    });
    await expect(resolveFor(await loadSynthetics(path), 'production2', around())).rejects.toMatchObject({
      code: 'UNKNOWN_ENVIRONMENT',
    });
  });

  it('reads no variable of the process that the file does not name', async () => {
    const env = { BASE_URL: 'http://127.0.0.1:1', STAGING_URL: 'http://127.0.0.1:2' };
    const definition = await loadSynthetics(path);
    await expect(resolveFor(definition, undefined, around(env))).rejects.toThrow('${BASE_URL}');
    await expect(resolveFor(definition, 'staging', around())).rejects.toMatchObject({
      hint: 'set the variable STAGING_URL',
    });
  });
});
