import { hasData, type Paging, paging, successful } from './envelope.ts';
import type { Fault } from './faults.ts';
import type { Filter, View, WireRow } from './ledger.ts';
import { Refusal, type SimulatedAccount, type SimulatorState } from './state.ts';

/** Mono publishes neither; these are the simulator's own. */
const defaultLimit = 50;
const longestPage = 500;
const message = 'Transaction retrieved successfully';

export type Query = Record<string, unknown>;

/** A page as a value, or everything as a stream of text. */
export function answerTransactions(
  state: SimulatorState,
  account: SimulatedAccount,
  query: Query,
  fault: Fault | undefined,
): object | Iterable<string> {
  const filter = filterOf(query);
  const page = wholeNumber(query, 'page', 1);
  const limit = Math.min(wholeNumber(query, 'limit', defaultLimit), longestPage);
  if (fault?.kind === 'shifting_pages') {
    state.append(
      account.spec.id,
      Array.from({ length: fault.rows ?? 1 }, () => ({})),
    );
  }
  const now = state.settings.now();
  if (!hasData(account.spec) || fault?.kind === 'empty') {
    return { ...successful(now, [], message), meta: paging(account.spec.id, 0, page, limit) };
  }
  const view = account.ledger.view(filter);
  if (query.paginate === 'false') return everything(now, view);
  const served = fault?.kind === 'duplicate_page' ? Math.max(1, page - 1) : page;
  const rows = view.slice((served - 1) * limit, limit);
  return { ...successful(now, rows, message), meta: paging(account.spec.id, view.total, page, limit) };
}

function* everything(now: Date, view: View): Generator<string> {
  const meta: Paging = { total: view.total, page: 1, previous: null, next: null };
  yield `${JSON.stringify(successful(now, null, message)).slice(0, -'null}'.length)}[`;
  for (let offset = 0; offset < view.total; offset += longestPage) {
    const rows: WireRow[] = view.slice(offset, longestPage);
    yield (offset > 0 ? ',' : '') + rows.map((row) => JSON.stringify(row)).join(',');
  }
  yield `],"meta":${JSON.stringify(meta)}}`;
}

function filterOf(query: Query): Filter {
  const from = dayOf(query, 'start');
  const end = dayOf(query, 'end');
  const type = text(query, 'type');
  const narration = text(query, 'narration');
  if (type !== undefined && type !== 'debit' && type !== 'credit') {
    throw new Refusal(400, 'type must be one of debit, credit');
  }
  return {
    ...(from !== undefined && { from }),
    ...(end !== undefined && { until: end + 86_400_000 - 1 }),
    ...(type !== undefined && { type }),
    ...(narration !== undefined && { narration }),
  };
}

/** DD-MM-YYYY as documented; YYYY-MM-DD because one known client sends it. */
function dayOf(query: Query, name: string): number | undefined {
  const given = text(query, name);
  if (given === undefined) return undefined;
  const day = given.replace(/^(\d\d)-(\d\d)-(\d{4})$/, '$3-$2-$1');
  const at = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== day) {
    throw new Refusal(400, `${name} must be a date like 20-11-2026`);
  }
  return at;
}

function wholeNumber(query: Query, name: string, fallback: number): number {
  const given = text(query, name);
  if (given === undefined) return fallback;
  if (/^[1-9][0-9]{0,8}$/.test(given)) return Number(given);
  throw new Refusal(400, `${name} must be a whole number of at least 1`);
}

function text(query: Query, name: string): string | undefined {
  const given = query[name];
  return typeof given === 'string' && given !== '' ? given : undefined;
}
