import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { conditionProblem } from '#harness/synthetics/condition.ts';
import type { Definition } from '#harness/synthetics/definition.ts';
import { loadSynthetics } from '#harness/synthetics/load.ts';

const file = join(import.meta.dirname, 'uptime_checks.yml');

describe('synthetics/uptime_checks.yml', () => {
  let definition: Definition;
  beforeAll(async () => {
    definition = await loadSynthetics(file);
  });

  it.each([
    {
      name: 'health_endpoint',
      url: '${BASE_URL}/health',
      timeout: '5s',
      success_criteria: [{ status_code: 200 }, { response_time_ms: '<800' }, { body_contains: 'ok' }],
      criticality: 'high',
    },
    {
      name: 'transactions_api',
      url: '${BASE_URL}/api/transactions?page=1&page_size=10',
      timeout: '10s',
      success_criteria: [
        { status_code: [200, 401] },
        { response_time_ms: '<800' },
        { headers_contain: { 'Content-Type': 'application/json' } },
      ],
      criticality: 'medium',
    },
    {
      name: 'shop_items_api',
      url: '${BASE_URL}/api/shop/items',
      timeout: '10s',
      success_criteria: [
        { status_code: [200, 401] },
        { response_time_ms: '<800' },
        { headers_contain: { 'Content-Type': 'application/json' } },
      ],
      criticality: 'medium',
    },
    {
      name: 'moderation_enforcement_ping',
      url: '${BASE_URL}/api/moderation/enforcement/ping',
      timeout: '5s',
      success_criteria: [
        { status_code: 200 },
        { response_time_ms: '<800' },
        { body_json_equals: { allow: true } },
      ],
      criticality: 'low',
    },
  ])('D2: probes $name every minute, with the documented criteria', ({ criticality, ...documented }) => {
    const check = definition.checks.find(({ name }) => name === documented.name);
    expect(check).toMatchObject({
      ...documented,
      type: 'http',
      method: 'GET',
      interval: '60s',
      failure_threshold: 3,
      labels: { environment: 'production', service: 'deltacrown', criticality },
    });
  });

  it('D4: alerts at the documented thresholds', () => {
    const rules = (definition.alerting?.rules ?? []).map(({ condition, severity, every, min_samples }) => ({
      condition,
      severity,
      ...(every ? { every, min_samples } : {}),
    }));
    expect(rules).toEqual(
      expect.arrayContaining([
        { condition: 'consecutive_failures >= 3 within 3m', severity: 'warning' },
        { condition: 'availability < 98.5% over 7d', severity: 'critical' },
        { condition: 'p95 > 800ms over 10m', severity: 'warning', every: '1m', min_samples: 8 },
      ]),
    );
  });

  it('D5: escalates by the time since the alert', () => {
    const steps = definition.alerting?.escalations?.['on_call'] ?? [];
    expect(steps.map(({ after }) => after)).toEqual(['0s', '10m', '15m', '30m', '60m']);
    expect(steps.at(-1)?.notify).toContain('customer-communication');
    expect(definition.alerting?.channels?.map(({ type, channel }) => [type, channel])).toEqual([
      ['slack', '#deltacrown-alerts'],
      ['pagerduty', undefined],
    ]);
  });

  it('M19: fetches from Mono every 30 minutes, and pages after two failures in a row', () => {
    const check = definition.checks.find(({ name }) => name === 'mono_sandbox_fetch');
    expect(check).toMatchObject({ type: 'script', interval: '30m', failure_threshold: 2 });
    const rule = definition.alerting?.rules?.find(({ checks }) => checks?.includes('mono_sandbox_fetch'));
    expect(rule).toMatchObject({
      condition: 'consecutive_failures >= 2 within 45m',
      severity: 'critical',
      escalation: 'page_at_once',
    });
    expect(definition.alerting?.escalations?.['page_at_once']?.[0]).toMatchObject({
      after: '0s',
      channels: expect.arrayContaining(['pagerduty']),
    });
  });

  it('is explained by a page whose check is one', async () => {
    const page = await readFile(join(import.meta.dirname, 'README.md'), 'utf8');
    const [, check = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const folder = await mkdtemp(join(tmpdir(), 'countersign-page-'));
    const path = join(folder, 'page.yml');
    await writeFile(path, `version: "1.0"\nchecks:\n${check}`);
    const { checks } = await loadSynthetics(path).finally(() => rm(folder, { recursive: true }));
    expect(checks.map(({ name }) => name)).toEqual(['health_endpoint']);
    const conditions = [...page.matchAll(/^\| `([^`]+)` \| /gm)].map(([, text = '']) => text);
    expect(conditions.map(conditionProblem)).toEqual([undefined, undefined, undefined, undefined]);
  });

  it('holds no secret, only names of secrets', async () => {
    const text = await readFile(file, 'utf8');
    expect(text).not.toMatch(/hooks\.slack\.com|Bearer [^$]|test_sk|live_sk/);
  });

  describe('after the documented roll-back', () => {
    let folder: string;
    let silenced: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'countersign-silenced-'));
      silenced = join(folder, 'uptime_checks.yml');
      await copyFile(file, silenced);
      await promisify(execFile)('sed', ['-i', 's/enabled: true/enabled: false/g', silenced]);
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    it('nobody is told, and everything is probed as before', async () => {
      const after = await loadSynthetics(silenced);
      expect(definition.alerting?.channels?.map(({ enabled }) => enabled)).toEqual([true, true]);
      expect(after.alerting?.channels?.map(({ enabled }) => enabled)).toEqual([false, false]);
      expect(after.checks).toEqual(definition.checks);
      expect(after.alerting?.rules).toEqual(definition.alerting?.rules);
    });

    it('nothing else of the file changes', async () => {
      const [before, after] = await Promise.all([readFile(file, 'utf8'), readFile(silenced, 'utf8')]);
      const changed = after.split('\n').filter((line, index) => line !== before.split('\n')[index]);
      expect(changed).toHaveLength(2);
      expect(changed.every((line) => line.includes('type: '))).toBe(true);
      expect(parse(after)).toMatchObject({ version: '1.0' });
    });
  });
});
