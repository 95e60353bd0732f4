import { realpath } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { CountersignError } from '../../errors.ts';
import { writeWhole } from '../../gate/evidence.ts';
import { makeFolder } from '../../gate/make-folder.ts';
import { type FormatName, formatNames, type ReportFormat, reportFormats } from '../../report/formats.ts';
import { readRunFile } from '../../sign/folder.ts';
import type { ShownStanding } from '../../sign/renderings.ts';
import { verifyFolder } from '../../sign/verify.ts';
import { type Arguments, booleanFlag, type Io, stringFlag } from '../command.ts';
import { type OpenRun, verification } from './open-run.ts';

/** Flags of every command that ends with a report. */
export const reportFlags = {
  report: { type: 'string', value: 'LIST', summary: `any of ${formatNames.join(',')}; default console` },
  'report-dir': { type: 'string', value: 'DIR', summary: 'folder for the formats that are files' },
} as const;

/** Where a report goes; known before anything runs, so that an hour's run does not end with a slip. */
export interface ReportOutput {
  console: boolean;
  formats: readonly Exclude<FormatName, 'console'>[];
  folder?: string;
}

/** Refuses what could only be told after the run: an unknown format, or two of them for one stream. */
export function reportOutput(args: Arguments, io: Pick<Io, 'cwd'>): ReportOutput {
  const asked = stringFlag(args, 'report');
  const directory = stringFlag(args, 'report-dir');
  if (asked !== undefined && booleanFlag(args, 'json'))
    throw new CountersignError('USAGE', '--json and --report both say what stdout holds: give one of them');
  const names = [...new Set((asked ?? 'console').split(',').map((name) => name.trim()))];
  const unknown = names.find((name) => !formatNames.includes(name as FormatName));
  if (unknown !== undefined)
    throw new CountersignError('USAGE', `--report does not know \`${unknown}\``, {
      hint: `the formats are ${formatNames.join(', ')}`,
    });
  const formats = names.filter((name) => name !== 'console') as ReportOutput['formats'];
  if (directory === undefined && names.length > 1)
    throw new CountersignError('USAGE', 'several formats do not fit on one stdout', {
      hint: 'give --report-dir DIR: each becomes a file there',
    });
  if (directory !== undefined && formats.length === 0)
    throw new CountersignError('USAGE', '--report-dir needs --report with a format that is a file');
  return {
    console: names.includes('console'),
    formats,
    ...(directory === undefined ? {} : { folder: resolve(io.cwd, directory) }),
  };
}

/** Everything but `console`: to stdout, or each to its file. */
export async function writeReports(
  io: Io,
  output: ReportOutput,
  run: OpenRun,
  signers?: string,
): Promise<void> {
  if (output.formats.length === 0) return;
  const chosen: ReportFormat[] = output.formats.map((name) => reportFormats[name]);
  const standing = chosen.some(({ showsPeople }) => showsPeople)
    ? await verifiedStanding(io, run, signers)
    : undefined;
  const bytes = await readRunFile(run.folder, 'report.json');
  if (output.folder !== undefined) {
    await refuseInside(run.folder, output.folder);
    await makeFolder(output.folder);
  }
  for (const { file, render } of chosen) {
    const content = await render({ ...run, bytes, standing });
    if (output.folder === undefined) io.stdout.write(Buffer.from(content as Uint8Array).toString());
    else {
      await writeWhole(join(output.folder, file), content);
      io.stderr.write(`wrote ${relative(io.cwd, join(output.folder, file))}\n`);
    }
  }
}

/** Names on a page are those of signatures that hold, and a report that does not verify is not shown as one. */
async function verifiedStanding(
  io: Io,
  run: OpenRun,
  signers: string | undefined,
): Promise<ShownStanding | undefined> {
  const { exit, lines, count, said } = await verifyFolder(await verification(io, run, signers));
  const wrong = lines.filter(({ ok }) => !ok).map(({ check, text }) => `${check}: ${text}`);
  if (exit === 4) throw new CountersignError('REPORT_INVALID', wrong.join('; '));
  return count && { ...count, ...(said ? { said } : {}) };
}

/** A run folder holds what was frozen and nothing else: one file more, and it does not verify. */
export async function refuseInside(run: string, path: string): Promise<void> {
  const [inner, outer] = [await realParent(path), await realpath(run)];
  if (inner === outer || inner.startsWith(`${outer}${sep}`))
    throw new CountersignError('USAGE', 'nothing is written into the run folder: it would no longer verify', {
      hint: 'name a place outside it',
    });
}

/** The nearest folder that is there, without links. */
async function realParent(path: string): Promise<string> {
  return realpath(path).catch(() => realParent(dirname(path)));
}
