import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findTool } from '#harness/tools/find.ts';
import { classOf, readSeverities, recoveryLine } from '#scripts/severities.ts';
import { breaks } from './breaks.ts';

/*
 * promtool passes in silence when a test names an alert that does not exist, when `rule_files` match nothing, and
 * when an alert fires that the test does not mention. So names, files and completeness are checked here, and each
 * rule is broken on purpose to see that its test notices.
 */
const here = import.meta.dirname;
const ruleFiles = readdirSync(here).filter((file) => file.endsWith('.rules.yml'));
const folder = mkdtempSync(join(tmpdir(), 'countersign-alerts-'));
let promtool: string;
let amtool: string;

beforeAll(async () => {
  promtool = (await findTool('promtool', { env: process.env, bring: true })).path;
  amtool = (await findTool('amtool', { env: process.env, bring: true })).path;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}
interface RuleTest {
  name: string;
  alert_rule_test: { eval_time: string; alertname: string; exp_alerts: unknown[] }[];
}
interface TestFile {
  rule_files: string[];
  tests: RuleTest[];
}

const text = (file: string) => readFileSync(join(here, file), 'utf8');
const rulesIn = (file: string): Rule[] =>
  parse(text(file)).groups.flatMap((group: { rules: Rule[] }) => group.rules);
const testFileOf = (file: string) => file.replace('.rules.yml', '.rules.test.yml');
const testsOf = (file: string): TestFile => parse(text(testFileOf(file)), { merge: true });
const run = (program: string, ...args: string[]) => spawnSync(program, args, { encoding: 'utf8' });

it('finds rule files, and alert names that occur once', () => {
  const names = ruleFiles.flatMap(rulesIn).map(({ alert }) => alert);
  expect(names.length).toBeGreaterThan(0);
  expect(new Set(names).size).toBe(names.length);
});

describe.each(ruleFiles)('%s', (file) => {
  it('is accepted by promtool', () => {
    const { status, stdout, stderr } = run(promtool, 'check', 'rules', '--lint-fatal', join(here, file));
    expect(status, stdout + stderr).toBe(0);
  });

  it('passes its unit tests', () => {
    const { status, stdout, stderr } = run(promtool, 'test', 'rules', join(here, testFileOf(file)));
    expect(status, stdout + stderr).toBe(0);
    expect(stdout + stderr).not.toMatch(/WARN|no file match/i);
  });

  it('has unit tests that name this file and only alerts that exist, all of them each time', () => {
    const { rule_files, tests } = testsOf(file);
    const alerts = rulesIn(file).map(({ alert }) => alert);
    expect(rule_files).toEqual([file]);
    for (const test of tests) {
      const named = new Set(test.alert_rule_test.map(({ alertname }) => alertname));
      expect([...named].sort(), test.name).toEqual([...alerts].sort());
    }
  });

  it.each(rulesIn(file))('tells of $alert when it fires, before it does and after', ({ alert }) => {
    const firing = testsOf(file).tests.map((test) =>
      test.alert_rule_test
        .filter(({ alertname }) => alertname === alert)
        .map(({ exp_alerts }) => exp_alerts.length > 0),
    );
    expect(firing).toContainEqual(expect.arrayContaining([true, false]));
    const sequence = firing.find((states) => states.includes(true)) ?? [];
    expect(sequence[0]).toBe(false);
    expect(sequence.at(-1)).toBe(false);
  });

  it.each(rulesIn(file))(
    'gives $alert a severity, a summary and a runbook that says how long recovery may take',
    (rule) => {
      const table = readSeverities(text('severities.yml'));
      expect(rule.annotations['summary']).toContain('{{');
      expect(rule.annotations['runbook_url']).toBe(`alerts/runbooks/${rule.alert}.md`);
      const runbook = readFileSync(join(here, 'runbooks', `${rule.alert}.md`), 'utf8');
      expect(runbook.split('\n')[0]).toBe(`# ${rule.alert}`);
      for (const heading of ['## What it means', '## Look', '## Do', '## Done when'])
        expect(runbook).toContain(heading);
      expect(runbook.split('\n')).toContain(recoveryLine(table, classOf(table, rule.labels)));
    },
  );
});

describe('a broken rule is noticed by its unit test', () => {
  it.each(breaks)('$file: $name', ({ file, from, to }) => {
    const rules = text(file);
    expect(rules.split(from)).toHaveLength(2);
    writeFileSync(join(folder, file), rules.replace(from, to));
    writeFileSync(join(folder, testFileOf(file)), text(testFileOf(file)));
    const checked = run(promtool, 'check', 'rules', join(folder, file));
    expect(checked.status, checked.stdout + checked.stderr).toBe(0);
    expect(run(promtool, 'test', 'rules', join(folder, testFileOf(file))).status).toBe(1);
  });
});

describe('alertmanager.yml', () => {
  const config = join(folder, 'alertmanager.yml');
  const routed = (...labels: string[]) =>
    run(amtool, 'config', 'routes', 'test', `--config.file=${config}`, ...labels);

  beforeAll(() => writeFileSync(config, text('alertmanager.yml').replaceAll('${port.pager}', '9')));

  it('is accepted by amtool', () => {
    const { status, stdout, stderr } = run(amtool, 'check-config', config);
    expect(status, stdout + stderr).toBe(0);
  });

  it.each(ruleFiles.flatMap(rulesIn))('sends $alert where its severity says', ({ alert, labels }) => {
    const own = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const { stdout } = routed(`alertname=${alert}`, ...own);
    expect(stdout.trim()).toBe(labels['severity'] === 'info' ? 'notices' : 'pager');
  });

  it.each(['warning', 'critical'])('sends a test of the channel where %s alerts go', (severity) => {
    expect(routed('alertname=X', `severity=${severity}`, 'channel_test=x').stdout.trim()).toBe('pager');
  });

  it.each(['severity=critcal', 'severity=', 'team=x'])('keeps what no route names apart: %s', (label) => {
    expect(routed('alertname=X', label).stdout.trim()).toBe('unrouted');
  });

  it('has no test files without rules', () => {
    const tests = readdirSync(here).filter((file) => file.endsWith('.rules.test.yml'));
    expect(tests.map((file) => basename(file)).sort()).toEqual(ruleFiles.map(testFileOf).sort());
  });
});
