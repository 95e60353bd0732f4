import type { Pictures } from './html/pictures.ts';

/** What a person said about a report besides approving it. */
export interface SaidLine {
  kind: 'approval-withdrawn' | 'comment' | 'go-withdrawn' | 'rejection' | 'revocation';
  person: string;
  name: string;
  keyid: string;
  /** When, by the speaker's own clock. */
  at: string;
  /** Was it said before the last item was answered? */
  earlier: boolean;
  /** The person's own text. */
  words: string;
  /** Of a revocation: the key, and from when on it counts no more. */
  revoked?: { keyid: string; from: string };
}

/** What a rendering shows that does not stand in the statement itself: what people said, and pictures of the evidence. */
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
  said?: readonly SaidLine[];
  pictures?: Pictures;
}

/** Those who stopped it: a rejection outweighs every signature, and a GO that was withdrawn releases nothing. */
export function stoppers({ said = [] }: Pick<ReportContext, 'said'>): {
  rejections: SaidLine[];
  withdrawals: SaidLine[];
} {
  return {
    rejections: said.filter(({ kind }) => kind === 'rejection'),
    withdrawals: said.filter(({ kind }) => kind === 'go-withdrawn'),
  };
}
