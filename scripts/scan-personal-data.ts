import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { findPersonalData, findSecrets, masked } from '#scripts/personal-data.ts';
import { type Finding, lineAt, listFiles, type SourceFile, showFindings } from '#scripts/source-text.ts';

const usage = `Usage: node scripts/scan-personal-data.ts

Looks through tests, fixtures, simulators and checklists for what may be data of a person or a way in:
e-mail addresses outside the domains kept for examples, phone numbers, account and card numbers, keys and
tokens. Numbers that are plainly made up (runs, repetitions) pass. There is no list of exceptions.
`;

const patterns = [
  '{harness,pipeline,scripts,bench}/**/*.{test,spec}.ts',
  '{harness,pipeline}/**/{testing,fixtures}/**/*',
  'harness/cases/**/*',
  'pipeline/simulators/**/*',
  '{alerts,checklists,dashboards,smoke,synthetics}/**/*',
];

export function scanPersonalData({ path, text }: SourceFile): Finding[] {
  return [...findPersonalData(text), ...findSecrets(text)].map((found) => ({
    path,
    line: lineAt(text, found.index),
    message: `looks like a real ${found.what}: ${masked(found)}`,
  }));
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) process.stdout.write(usage);
  else {
    const paths = await listFiles(process.cwd(), patterns, /(^|\/)(node_modules|dist|\.countersign)(\/|$)/);
    const files = await Promise.all(
      paths.map(async (path) => ({ path, text: await readFile(path, 'utf8') })),
    );
    const findings = files.flatMap(scanPersonalData);
    process.stdout.write(showFindings(findings));
    process.stdout.write(`personal data: ${files.length} files, ${findings.length} findings\n`);
    process.exitCode = findings.length > 0 || files.length === 0 ? 1 : 0;
  }
}
