import type { Pictures } from './html/pictures.ts';

/** What a rendering shows that does not stand in the statement itself: signatures, and pictures of the evidence. */
export interface ReportContext {
  /** SHA-256 of report.json. */
  sha256: string;
  approvals: readonly {
    person: string;
    name: string;
    role: string;
    keyid: string;
    /** When, by the signer's own clock. */
    at?: string;
  }[];
  missing: readonly { role: string; count: number }[];
  pictures?: Pictures;
}
