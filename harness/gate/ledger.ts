import { isAbsolute, resolve } from 'node:path';
import { CountersignError } from '../errors.ts';

/** One report that somebody is about to deploy. */
export interface Use {
  /** Of the report: no report has another's. */
  nonce: string;
  gate: string;
  environment: string;
  run: string;
  /** SHA-256 of report.json. */
  report: string;
  /** What was released, where git knew it. */
  commit?: string;
  /** When the report was frozen, RFC 3339: its place in the sequence. */
  frozen_at: string;
}

export interface Used extends Use {
  used_at: string;
}

/** Every report that was used, for good: what was deployed once can't be deployed again, nor what is older. */
export interface Ledger {
  /** For people: a file or a database, without secrets. */
  readonly shown: string;
  /** The youngest report that was used for this environment by this gate; `but` leaves those of one commit out. */
  newest(gate: string, environment: string, but?: string): Promise<Used | undefined>;
  /** Why it may not be used, or nothing. Writes nothing. */
  look(use: Use, now: Date): Promise<string | undefined>;
  /** Records it in one step, or says why not: of several at once, one comes first. */
  record(use: Use, now: Date): Promise<string | undefined>;
}

/** Clocks of two deployers may differ by so much. */
const skewMs = 300_000;

/** The one rule of every ledger. Pure. */
export function whyNotUsable(
  use: Use,
  { same, newest }: { same: Used | undefined; newest: Used | undefined },
  now: Date,
): string | undefined {
  if (same) return `this report was used before, at ${same.used_at}`;
  if (newest && Date.parse(newest.used_at) > now.getTime() + skewMs) {
    return `the clock is at ${now.toISOString()}, before the last use at ${newest.used_at}`;
  }
  if (newest && Date.parse(newest.frozen_at) > Date.parse(use.frozen_at)) {
    return `a younger report was used already: ${newest.run}, frozen at ${newest.frozen_at}`;
  }
  return undefined;
}

export function outOfReach(shown: string, why: string): CountersignError {
  return new CountersignError('SOURCE_UNREACHABLE', `the ledger ${shown} can not be asked: ${why}`, {
    hint: 'without it nobody knows whether this report was used: nothing is to be deployed',
  });
}

/** Whether it names a database, not a file. */
export const isDatabase = (where: string) => /^postgres(ql)?:\/\//.test(where);

/** `--ledger FILE|postgres://…`; a file is relative to where the command was started. */
export async function openLedger(cwd: string, where: string): Promise<Ledger> {
  if (isDatabase(where)) {
    const { postgresLedger } = await import('./postgres-ledger.ts');
    return postgresLedger(where);
  }
  if (/^[a-z]+:\/\//.test(where)) {
    throw new CountersignError('USAGE', 'a ledger is a file or postgres://…');
  }
  const { fileLedger } = await import('./file-ledger.ts');
  return fileLedger(isAbsolute(where) ? where : resolve(cwd, where), where);
}
