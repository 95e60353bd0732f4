import { render as renderFiles, reportContext, type ShownStanding } from '../sign/renderings.ts';
import { sha256 } from '../sign/statement.ts';
import { jobSummary } from './github.ts';
import type { Statement } from './schema.ts';

export interface ReportToShow {
  /** Run folder: the page shows pictures of its evidence. */
  folder: string;
  /** `report.json`, byte for byte as it was frozen. */
  bytes: Uint8Array;
  statement: Statement;
  /** Who signed, who rejected it: as verified. */
  standing?: ShownStanding | undefined;
}

export interface ReportFormat {
  /** Name under `--report-dir`. */
  file: string;
  /** Does it say how people stand to the report? Then that is verified before it is made. */
  showsPeople: boolean;
  render(report: ReportToShow): Promise<Uint8Array | string>;
}

/** What `--report` takes besides `console`, which is what the command prints by itself. */
export const reportFormats = {
  json: { file: 'report.json', showsPeople: false, render: async ({ bytes }) => bytes },
  junit: { file: 'junit.xml', showsPeople: true, render: (report) => rendering(report, 'junit.xml') },
  markdown: {
    file: 'report.md',
    showsPeople: true,
    render: async ({ bytes, statement, standing }) =>
      jobSummary(statement, reportContext({ sha256: sha256(bytes), statement }, standing)),
  },
  html: { file: 'report.html', showsPeople: true, render: (report) => rendering(report, 'report.html') },
} as const satisfies Record<string, ReportFormat>;

async function rendering(
  { folder, bytes, statement, standing }: ReportToShow,
  name: 'report.html' | 'junit.xml',
): Promise<string> {
  return (await renderFiles(folder, { sha256: sha256(bytes), statement }, standing))[name];
}

export type FormatName = keyof typeof reportFormats | 'console';

export const formatNames = ['console', ...Object.keys(reportFormats)] as FormatName[];
