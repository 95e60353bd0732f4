import { render } from '../sign/renderings.ts';
import { sha256 } from '../sign/statement.ts';
import type { ApprovalCount } from '../sign/trust.ts';
import { jobSummary } from './github.ts';
import { renderJunit } from './junit.ts';
import type { Statement } from './schema.ts';

export interface ReportToShow {
  /** Run folder: the page shows pictures of its evidence. */
  folder: string;
  /** `report.json`, byte for byte as it was frozen. */
  bytes: Uint8Array;
  statement: Statement;
  /** Who has signed, as verified; without it the page says that nobody has. */
  count?: ApprovalCount | undefined;
}

export interface ReportFormat {
  /** Name under `--report-dir`. */
  file: string;
  /** Does it show who signed? Then the signatures are verified before it is made. */
  showsPeople?: true;
  render(report: ReportToShow): Promise<Uint8Array | string> | string | Uint8Array;
}

/** What `--report` takes besides `console`, which is what the command prints by itself. */
export const reportFormats = {
  json: { file: 'report.json', render: ({ bytes }) => bytes },
  junit: { file: 'junit.xml', render: ({ statement }) => renderJunit(statement) },
  markdown: { file: 'report.md', render: ({ statement }) => jobSummary(statement) },
  html: {
    file: 'report.html',
    showsPeople: true,
    async render({ folder, bytes, statement, count }) {
      return (await render(folder, { sha256: sha256(bytes), statement }, count))['report.html'];
    },
  },
} as const satisfies Record<string, ReportFormat>;

export type FormatName = keyof typeof reportFormats | 'console';

export const formatNames = ['console', ...Object.keys(reportFormats)] as FormatName[];
