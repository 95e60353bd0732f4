/** What a rendering says about signatures: all that does not stand in the statement itself. */
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
}
