import type { Windows } from '../../config/windows.ts';
import { messageOf } from '../../errors.ts';
import type { Ledger } from '../../gate/ledger.ts';
import type { Decision, ItemState, Statement } from '../../report/schema.ts';
import type { Signers } from '../signers.ts';
import type { TrustedKeys } from '../trust.ts';

export interface VerifyLine {
  /** Stable name of the check, such as `evidence`. */
  check: string;
  ran: boolean;
  ok: boolean;
  text: string;
}

/**
 * What a finding means for the exit code: the report can't be trusted, it lacks signatures, nobody
 * can tell, or it is sound but may not be deployed now.
 */
export type Weight = 'invalid' | 'incomplete' | 'unknown' | 'not-deployable';

export interface Finding extends VerifyLine {
  weight?: Weight;
}

export interface SignersFile {
  bytes: Uint8Array;
  parsed: Signers;
}

export interface Recomputed {
  decision: Decision;
  items: readonly { id: string; state: ItemState }[];
}

export interface VerifyOptions {
  folder: string;
  /** From the current repo; the copy inside the folder proves nothing. */
  signers: SignersFile;
  now: Date;
  /** Version of this countersign: renderings of another version are not compared. */
  version: string;
  /** Judges the stored facts again. */
  recompute(statement: Statement): Recomputed | Promise<Recomputed>;
  /** What is about to be released; whatever is not given is reported as not checked. */
  gate?: Uint8Array;
  git?: { commit: string };
  environment?: { name: string };
  /** Digests that must each be a subject, such as `{ sha256: … }`. */
  subjects?: readonly Record<string, string>[];
  /** Judge as of now, for use, rather than as of the signing time. */
  forDeploy?: boolean;
  /** Sigstore's `trusted_root.json`: logs and time-stamp authorities to believe; without it nobody's time is checked. */
  trustedRoot?: Uint8Array;
  /** What a deployment asks beside: windows and freshness now, and that the report was not used before. */
  deploy?: DeployOptions;
}

export interface DeployOptions {
  /** Windows as the repo that is deployed declares them now; `file` as the gate names it. */
  windows(file: string): Promise<Windows>;
  /** Missing only where somebody asked to go without. */
  ledger?: Ledger;
  /** Look, and record nothing. */
  checkOnly?: boolean;
}

/** A report whose bytes are read and whose shape is known; nothing else about it is established yet. */
export interface Examined {
  options: VerifyOptions;
  report: { bytes: Uint8Array; sha256: string; statement: Statement };
  keys: TrustedKeys;
}

export function pass(check: string, text: string): Finding {
  return { check, ran: true, ok: true, text };
}

export function fail(check: string, text: string, weight: Weight = 'invalid'): Finding {
  return { check, ran: true, ok: false, text, weight };
}

export function skip(check: string, text: string): Finding {
  return { check, ran: false, ok: true, text };
}

/** One finding for a check that lists what is wrong; the first few are enough to act on. */
export function summarise(check: string, problems: readonly string[], whenFine: string): Finding {
  if (problems.length === 0) return pass(check, whenFine);
  const shown = problems.slice(0, 5).join('; ');
  return fail(check, problems.length > 5 ? `${shown}; and ${problems.length - 5} more` : shown);
}

/** A check that throws has found something: it is never left out. */
export async function attempt(check: string, run: () => Promise<Finding[]> | Finding[]): Promise<Finding[]> {
  try {
    return await run();
  } catch (thrown) {
    return [fail(check, messageOf(thrown))];
  }
}
