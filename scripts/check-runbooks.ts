import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readRuleFiles, type WrittenRule } from '#harness/checks/alerts/rule-files.ts';
import { classOf, readSeverities, recoveryLine, type SeverityTable } from '#scripts/severities.ts';

const help = `Usage: node scripts/check-runbooks.ts [FOLDER]

Reads alerts/*.rules.yml, alerts/severities.yml and alerts/runbooks/*.md of FOLDER (default: here) and prints one line
of JSON: how many alerts and runbooks there are, which runbooks are missing, incomplete or about no alert, which
alerts have no class of recovery, and each class with its times. What of it is acceptable is for the gate to say.
`;

const sections = ['What it means', 'Look', 'Do', 'Done when'];
const runbooks = 'alerts/runbooks';

export interface RunbookReport {
  alerts: number;
  runbooks: number;
  missing: string[];
  incomplete: string[];
  orphans: string[];
  unclassified: string[];
  classes: SeverityTable['classes'];
}

/** Throws where the rules or the table of severities cannot be read: then nothing can be said about runbooks. */
export async function checkRunbooks(root: string): Promise<RunbookReport> {
  const table = readSeverities(await readFile(join(root, 'alerts/severities.yml'), 'utf8'));
  const rules = await readRuleFiles(['alerts/*.rules.yml'], { root, resolve: (path) => resolve(root, path) });
  const alerts = rules.filter(({ type }) => type === 'alerting');
  const files = (await readdir(join(root, runbooks))).filter((name) => name.endsWith('.md'));
  const report: RunbookReport = {
    alerts: alerts.length,
    runbooks: files.length,
    missing: [],
    incomplete: [],
    orphans: files.filter((file) => !alerts.some(({ name }) => `${name}.md` === file)),
    unclassified: [],
    classes: table.classes,
  };
  for (const alert of alerts) await look(root, alert, table, report);
  return report;
}

async function look(
  root: string,
  alert: WrittenRule,
  table: SeverityTable,
  report: RunbookReport,
): Promise<void> {
  const { name, annotations, labels } = alert;
  const path = `${runbooks}/${name}.md`;
  if (annotations['runbook_url'] !== path) {
    report.missing.push(
      `${name}: its runbook_url is ${annotations['runbook_url'] ?? 'not there'}, not ${path}`,
    );
    return;
  }
  const text = await readFile(join(root, path), 'utf8').catch(() => undefined);
  if (text === undefined) {
    report.missing.push(`${name}: ${path} cannot be read`);
    return;
  }
  report.incomplete.push(...lacksOf(name, text).map((lack) => `${basename(path)}: ${lack}`));
  try {
    const line = recoveryLine(table, classOf(table, labels));
    if (!text.includes(line)) report.incomplete.push(`${basename(path)}: it does not say "${line}"`);
  } catch (thrown) {
    report.unclassified.push(`${name}: ${thrown instanceof Error ? thrown.message : thrown}`);
  }
}

function lacksOf(name: string, text: string): string[] {
  const [head = '', ...parts] = text.split(/^## /m);
  const filled = new Map(
    parts.map((part) => [part.split('\n')[0]?.trim(), part.split('\n').slice(1).join('\n').trim()]),
  );
  return [
    ...(head.startsWith(`# ${name}\n`) ? [] : [`its heading is not ${name}`]),
    ...sections.filter((section) => !filled.get(section)).map((section) => `no section "${section}"`),
  ];
}

if (import.meta.main) {
  try {
    const { values, positionals } = parseArgs({
      options: { help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
    if (values.help) process.stdout.write(help);
    else process.stdout.write(`${JSON.stringify(await checkRunbooks(resolve(positionals[0] ?? '.')))}\n`);
  } catch (thrown) {
    process.stderr.write(`check-runbooks: ${thrown instanceof Error ? thrown.message : thrown}\n`);
    process.exitCode = 1;
  }
}
