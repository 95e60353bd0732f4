import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Options } from '../checks/define.ts';
import { schemaErrors } from '../config/validate.ts';
import { CountersignError, messageOf } from '../errors.ts';
import { type Static, Type } from '../type.ts';
import { Journal, type JournalEntry, readJournal } from './journal.ts';
import { type Ledger, outOfReach, type Use, type Used, whyNotUsable } from './ledger.ts';
import { lockRun } from './run-folder.ts';

const LINE = 'report-used';
const lockWaitMs = 10_000;
const lockPollMs = 50;

const UseSchema = Options({
  nonce: Type.String(),
  gate: Type.String(),
  environment: Type.String(),
  run: Type.String(),
  report: Type.String(),
  commit: Type.Optional(Type.String()),
  frozen_at: Type.String({ format: 'date-time' }),
});

/** A journal of its own: append-only, fsynced, each line chained to the one before, held by one process at a time. */
export function fileLedger(named: string, shown: string): Ledger {
  return {
    shown,
    newest: async (gate, environment, but) => {
      const uses = await readUses(named, shown);
      return newestOf(
        uses.filter(({ commit }) => but === undefined || commit !== but),
        gate,
        environment,
      );
    },
    look: async (use, now) => judge(await readUses(named, shown), use, now),
    record: (use, now) => reached(shown, async () => record(await fileOf(named), shown, use, now)),
  };
}

async function record(path: string, shown: string, use: Use, now: Date): Promise<string | undefined> {
  const release = await lock(path, shown);
  try {
    const { journal, entries } = await opened(shown, () =>
      Journal.open(path, { now: () => now, monotonic: () => 0 }),
    );
    try {
      const reason = judge(usesIn(entries, shown), use, now);
      if (reason === undefined) await journal.append(LINE, use);
      return reason;
    } finally {
      await journal.close();
    }
  } finally {
    await release();
  }
}

function judge(uses: readonly Used[], use: Use, now: Date): string | undefined {
  const same = uses.find(({ nonce, report }) => nonce === use.nonce || report === use.report);
  return whyNotUsable(use, { same, newest: newestOf(uses, use.gate, use.environment) }, now);
}

function newestOf(uses: readonly Used[], gate: string, environment: string): Used | undefined {
  return uses
    .filter((use) => use.gate === gate && use.environment === environment)
    .reduce<Used | undefined>(
      (newest, use) => (newest && Date.parse(newest.frozen_at) > Date.parse(use.frozen_at) ? newest : use),
      undefined,
    );
}

async function readUses(path: string, shown: string): Promise<Used[]> {
  const read = async () => {
    const bytes = await readFile(await fileOf(path)).catch(ifMissing);
    return usesIn(readJournal(bytes ?? new Uint8Array()), shown);
  };
  return reached(shown, () => opened(shown, read));
}

/**
 * The one name of the file: whoever comes by a link must wait at the same lock. A first report may make it in a folder
 * that is there; whatever is no file, such as /dev/null, remembers nothing.
 */
async function fileOf(named: string): Promise<string> {
  const isThere = (await lstat(named).catch(ifMissing)) !== undefined;
  const path = isThere ? await realpath(named) : join(await realpath(dirname(named)), basename(named));
  if (isThere && !(await stat(path)).isFile()) throw new Error('it is not a regular file');
  return path;
}

function ifMissing(thrown: NodeJS.ErrnoException): undefined {
  if (thrown.code !== 'ENOENT') throw thrown;
  return undefined;
}

async function reached<T>(shown: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof CountersignError && thrown.code !== 'SYSTEM') throw thrown;
    // What a journal says of the disk is about a run.
    const cause = thrown instanceof CountersignError ? (thrown.cause ?? thrown) : thrown;
    throw outOfReach(shown, messageOf(cause));
  }
}

/** A damaged ledger can't say what was used, so nothing is deployed by it. */
async function opened<T>(shown: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (thrown) {
    if (!(thrown instanceof CountersignError) || thrown.code !== 'JOURNAL_BROKEN') throw thrown;
    throw new CountersignError('JOURNAL_BROKEN', `the ledger ${shown} is damaged: ${thrown.message}`, {
      hint: 'restore it from a copy; what was used must not be forgotten',
    });
  }
}

function usesIn(entries: readonly JournalEntry[], shown: string): Used[] {
  return entries.map(({ seq, type, data, at }) => {
    if (type !== LINE || schemaErrors(UseSchema, data).length > 0) {
      throw new CountersignError('JOURNAL_BROKEN', `line ${seq} of ${shown} is not of a ledger`, {
        hint: 'name the file of the ledger itself',
      });
    }
    return { ...(data as Static<typeof UseSchema>), used_at: at };
  });
}

async function lock(path: string, shown: string): Promise<() => Promise<void>> {
  const until = performance.now() + lockWaitMs;
  for (;;) {
    try {
      return await lockRun(path);
    } catch (thrown) {
      if (!(thrown instanceof CountersignError) || thrown.code !== 'RUN_LOCKED') throw thrown;
      if (performance.now() > until) {
        throw new CountersignError('RUN_LOCKED', `another process holds the ledger ${shown}`, {
          hint: 'wait for it or end it',
        });
      }
      await setTimeout(lockPollMs);
    }
  }
}
