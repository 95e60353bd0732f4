import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runScript } from '#pipeline/testing/processes.ts';
import { checkRunbooks } from '#scripts/check-runbooks.ts';

const script = 'scripts/check-runbooks.ts';
const runbook = 'alerts/runbooks/EconomyLatencyHigh.md';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-runbooks-'));
  await cp('alerts', join(root, 'alerts'), { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function change(file: string, from: string | RegExp, to: string): Promise<void> {
  const text = await readFile(join(root, file), 'utf8');
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  await writeFile(join(root, file), changed);
}

describe('check-runbooks', () => {
  it('D6, D10: finds a whole runbook for every alert, and the documented times of every class', async () => {
    const { code, stdout } = await runScript(script, [], {});
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      missing: [],
      incomplete: [],
      orphans: [],
      unclassified: [],
      classes: {
        critical: { target: '15m', max: '30m' },
        high: { target: '30m', max: '1h' },
        medium: { target: '1h', max: '4h' },
        low: { target: '4h', max: '24h' },
      },
    });
  });

  it('names a section that is empty or not there, and another heading', async () => {
    await change(runbook, /## Look\n[\s\S]*?(?=## Do\n)/, '## Look\n\n');
    await change(runbook, '## Done when', '### Done when');
    await change(runbook, '# EconomyLatencyHigh', '# Slow');
    expect((await checkRunbooks(root)).incomplete).toEqual([
      'EconomyLatencyHigh.md: its heading is not EconomyLatencyHigh',
      'EconomyLatencyHigh.md: no section "Look"',
      'EconomyLatencyHigh.md: no section "Done when"',
    ]);
  });

  it('names a runbook that says another time than the table', async () => {
    await change('alerts/severities.yml', 'target: 30m, max: 1h', 'target: 20m, max: 45m');
    expect((await checkRunbooks(root)).incomplete).toContainEqual(
      expect.stringMatching(/^EconomyLatencyHigh\.md: it does not say ".*within 20m, at most 45m\."$/),
    );
  });

  it('names a runbook that is not there, and one that no alert is about', async () => {
    await rm(join(root, runbook));
    await writeFile(join(root, 'alerts/runbooks/Other.md'), '# Other\n');
    expect(await checkRunbooks(root)).toMatchObject({
      missing: [`EconomyLatencyHigh: ${runbook} cannot be read`],
      orphans: ['Other.md'],
    });
  });

  it('names an alert without a way to its runbook, or without a class', async () => {
    await change('alerts/economy.rules.yml', `runbook_url: ${runbook}`, 'runbook_url: https://example.com/x');
    await change('alerts/mono.rules.yml', 'severity: info', 'severity: none');
    expect(await checkRunbooks(root)).toMatchObject({
      missing: [`EconomyLatencyHigh: its runbook_url is https://example.com/x, not ${runbook}`],
      unclassified: ['MonoPipelineZeroTransactions: no severity none'],
    });
  });

  it('says nothing about runbooks where rules or severities cannot be read', async () => {
    await change('alerts/severities.yml', 'max: 30m', 'max: 10m');
    const { code, stdout, stderr } = await runScript(script, [root], {});
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe('check-runbooks: severities: critical: its target is not below its max\n');
  });

  it('explains itself', async () => {
    const { code, stdout } = await runScript(script, ['--help'], {});
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: /);
  });
});
