import type { AccountSpec } from './options.ts';
import type { SimulatedAccount } from './state.ts';

export interface Paging {
  total: number;
  page: number;
  previous: string | null;
  next: string | null;
}

/** Mono's v2 envelope, its spelling included. */
export function successful(now: Date, data: unknown, message = 'Request was succesfully completed') {
  return { status: 'successful', message, timestamp: now.toISOString(), data };
}

export function failed(now: Date, message: string, code?: string) {
  return {
    status: 'failed',
    ...(code && { code }),
    message,
    timestamp: now.toISOString(),
    data: null,
  };
}

/** The documented links lack `/accounts/`: a client that follows them ends nowhere. */
export function paging(accountId: string, total: number, page: number, size: number): Paging {
  const link = (to: number) => `https://api.withmono.com/v2/${accountId}/transactions?page=${to}`;
  return {
    total,
    page,
    previous: page > 1 ? link(page - 1) : null,
    next: page * size < total ? link(page + 1) : null,
  };
}

const institution = { name: 'GTBank', bank_code: '058', type: 'PERSONAL_BANKING' };

export function accountBody({ spec, ledger }: SimulatedAccount) {
  return {
    account: {
      id: spec.id,
      name: nameOf(spec),
      account_number: numberOf(spec),
      currency: spec.currency ?? 'NGN',
      balance: ledger.balance,
      type: 'SAVINGS_ACCOUNT',
      bvn: '9422',
      institution,
    },
    customer: { id: `cus_${spec.id}` },
    meta: {
      data_status: dataStatus(spec),
      auth_method: 'internet_banking',
      retrieved_data: hasData(spec) ? ['identity', 'balance', 'transactions'] : [],
      ref: `ref_${spec.id}`,
    },
  };
}

export function balanceBody({ spec, ledger }: SimulatedAccount) {
  return {
    id: spec.id,
    name: nameOf(spec),
    account_number: numberOf(spec),
    balance: ledger.balance,
    currency: spec.currency ?? 'NGN',
  };
}

export function identityBody({ spec }: SimulatedAccount) {
  return { full_name: nameOf(spec), bvn: '9422', email: 'customer@example.com' };
}

/** camelCase in webhooks, where REST has snake_case. */
export function webhookAccount({ spec, ledger }: SimulatedAccount) {
  return {
    _id: spec.id,
    name: nameOf(spec),
    accountNumber: numberOf(spec),
    currency: spec.currency ?? 'NGN',
    balance: ledger.balance,
    type: 'SAVINGS_ACCOUNT',
    bvn: '9422',
    authMethod: 'internet_banking',
    institution: { name: institution.name, bankCode: institution.bank_code, type: institution.type },
  };
}

export function dataStatus(spec: AccountSpec): string {
  return spec.dataStatus ?? 'AVAILABLE';
}

/** Otherwise the data endpoints answer 200 with an empty list. */
export function hasData(spec: AccountSpec): boolean {
  return ['AVAILABLE', 'PARTIAL'].includes(dataStatus(spec));
}

function nameOf(spec: AccountSpec): string {
  return spec.name ?? 'SIMULATED CUSTOMER';
}

function numberOf(spec: AccountSpec): string {
  return spec.accountNumber ?? '0123456789';
}
