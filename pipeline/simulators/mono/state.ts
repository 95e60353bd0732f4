import { FaultList } from './faults.ts';
import { Ledger } from './ledger.ts';
import type { AccountSpec, Settings } from './options.ts';

const codeLifeMs = 10 * 60_000;
const realTimeWindowMs = 5 * 60_000;

export interface SimulatedAccount {
  spec: AccountSpec;
  ledger: Ledger;
  unlinked: boolean;
  realTime: { jobId: string; startedAt: number; sizeBefore: number } | undefined;
}

export interface RowTotals {
  rows: number;
  credit_kobo: string;
  debit_kobo: string;
  total_kobo: string;
}

/** Thrown by handlers; answered in Mono's envelope. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string | undefined;
  constructor(status: number, message: string, code?: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Everything that the simulator remembers; `reset` forgets it. */
export class SimulatorState {
  readonly settings: Settings;
  readonly accounts: ReadonlyMap<string, SimulatedAccount>;
  readonly faults = new FaultList();
  readonly requests = new Map<string, number>();
  #codes = new Map<string, { accountId: string; expires: number }>();
  #issued = 0;

  constructor(settings: Settings) {
    this.settings = settings;
    this.accounts = new Map(settings.accounts.map((spec) => [spec.id, newAccount(spec, settings)]));
  }

  reset(): void {
    this.faults.clear();
    this.requests.clear();
    this.#codes.clear();
    for (const account of this.accounts.values()) {
      account.ledger.reset();
      account.unlinked = false;
      account.realTime = undefined;
    }
  }

  account(id: string): SimulatedAccount {
    const account = this.accounts.get(id);
    if (!account || account.unlinked) throw new Refusal(404, 'This account does not exist');
    return account;
  }

  append(id: string, changes: readonly Record<string, unknown>[]): Record<string, unknown>[] {
    const { ledger, spec } = this.account(id);
    if (ledger.size + changes.length > (spec.maxRows ?? Number.POSITIVE_INFINITY)) {
      throw new Refusal(409, `This account holds at most ${spec.maxRows} rows`);
    }
    return changes.map((change) => ledger.append(this.settings.now(), change));
  }

  /** What the widget hands to the browser when a customer has logged in: a code that lives ten minutes. */
  issueCode(accountId: string): string {
    this.account(accountId);
    const code = `code_${this.nextSerial()}`;
    this.#codes.set(code, { accountId, expires: this.settings.now().getTime() + codeLifeMs });
    return code;
  }

  redeem(code: string): string {
    const known = this.#codes.get(code);
    this.#codes.delete(code);
    if (!known || known.expires <= this.settings.now().getTime())
      throw new Refusal(400, 'Invalid or expired code');
    return known.accountId;
  }

  /** One real-time session for an account in five minutes: within it the same job answers. */
  realTimeSession(account: SimulatedAccount): { jobId: string; hasNewData: boolean } {
    const now = this.settings.now().getTime();
    const size = account.ledger.size;
    if (!account.realTime || now - account.realTime.startedAt >= realTimeWindowMs) {
      const sizeBefore = account.realTime ? size : 0;
      account.realTime = { jobId: `job_${this.nextSerial()}`, startedAt: now, sizeBefore };
    }
    return { jobId: account.realTime.jobId, hasNewData: size > account.realTime.sizeBefore };
  }

  nextSerial(): string {
    this.#issued += 1;
    return this.#issued.toString().padStart(6, '0');
  }

  count(endpoint: string, status: number): void {
    const key = `${endpoint} ${status}`;
    this.requests.set(key, (this.requests.get(key) ?? 0) + 1);
  }

  totals(account: SimulatedAccount): RowTotals {
    const view = account.ledger.view({});
    const sums = { credit: 0n, debit: 0n };
    for (let index = 0; index < view.total; index++) {
      const [row] = view.slice(index, 1);
      const direction = row?.type === 'credit' ? 'credit' : 'debit';
      if (Number.isSafeInteger(row?.amount)) sums[direction] += BigInt(Number(row?.amount));
    }
    return {
      rows: view.total,
      credit_kobo: String(sums.credit),
      debit_kobo: String(sums.debit),
      total_kobo: String(sums.credit + sums.debit),
    };
  }
}

function newAccount(spec: AccountSpec, settings: Settings): SimulatedAccount {
  const { seed, anchor } = settings;
  const stepSeconds = spec.stepSeconds ?? 4 * 3600;
  const ledger = new Ledger({ accountId: spec.id, rows: spec.rows, stepSeconds, seed, anchor });
  return { spec, ledger, unlinked: false, realTime: undefined };
}
