/** What the parts of the Mono pipeline hand to one another. Facts about the wire stand in `client/wire.ts`. */

/** A row as Mono v2 documents it. Rows are untrusted until `transformTransaction` has accepted them. */
export interface MonoTransaction {
  id: string;
  narration: string | null;
  /** Kobo, a safe integer, never negative: `type` gives the direction. */
  amount: number;
  type: string;
  /** Kobo. */
  balance: number | null;
  date: string;
  category: string | null;
  currency?: string | null;
  status?: string;
  meta?: Record<string, unknown>;
}

export interface FetchWindow {
  accountId: string;
  /** YYYY-MM-DD, inclusive. */
  start?: string;
  /** YYYY-MM-DD, inclusive. */
  end?: string;
  limit: number;
  signal?: AbortSignal;
}

export interface MonoPage {
  page: number;
  /** Rows in the whole window, as this answer counted them. */
  total: number;
  /** Raw rows as received. */
  transactions: unknown[];
  /** The body text. It may hold account numbers: `maskPayload` before it is stored. */
  raw: string;
}

export interface LinkInput {
  customer: { name: string; email: string } | { id: string };
  redirectUrl: string;
  /** At least 10 characters, unique for each link. */
  reference: string;
  institution?: { id: string; authMethod?: string; accountNumber?: string };
}

export interface ReauthInput {
  accountId: string;
  redirectUrl: string;
  reference: string;
}

export interface LinkSession {
  monoUrl: string;
  customerId: string | null;
  reference: string | null;
  createdAt: string | null;
}

export interface MonoAccount {
  id: string;
  name: string | null;
  maskedAccountNumber: string | null;
  currency: string | null;
  /** Kobo. */
  balance: bigint | null;
  institution: string | null;
  dataStatus: string | null;
  retrievedData: string[];
}

export interface MonoClient {
  /**
   * Every row that the window held when the walk began is in some page. A row may come twice (rows shift while
   * one reads): whoever stores them drops duplicates by id.
   */
  pages(window: FetchWindow): AsyncGenerator<MonoPage>;
  account(accountId: string, signal?: AbortSignal): Promise<MonoAccount>;
  initiate(input: LinkInput | ReauthInput, signal?: AbortSignal): Promise<LinkSession>;
  exchangeCode(code: string, signal?: AbortSignal): Promise<{ id: string }>;
}

export interface RateLimiter {
  /** Waits for a turn; gives the milliseconds waited. */
  take(signal?: AbortSignal): Promise<number>;
}

export interface ClientMetrics {
  /** `status` is the HTTP status, or `timeout`, `network`, `aborted`. */
  request(endpointTemplate: string, method: string, status: string, seconds: number): void;
  rateLimitWait(seconds: number): void;
}

export interface TokenProvider {
  token(signal?: AbortSignal): Promise<string>;
  /** Forgets the token; when `stale` is given, only if that is the one held. The next `token()` refreshes. */
  invalidate(stale?: string): void;
  /** Age of the token in memory; 0 when none is held. */
  ageSeconds(): number;
  /** Where the token comes from, never its value. */
  describe(): string;
}

export interface SecretSource {
  /** Names the place, never the value. */
  describe(): string;
  read(signal?: AbortSignal): Promise<string>;
}

export type TransactionType = 'credit' | 'debit';
export type TransactionStatus = 'completed' | 'pending' | 'reversed';

export interface CanonicalTransaction {
  providerTransactionId: string;
  /** sha256 of `id|amount in kobo|date|type`, hex: the same row seen twice in one run. */
  dedupeKey: string;
  transactionReference: string | null;
  transactionType: TransactionType;
  status: TransactionStatus;
  /** `numeric(18,2)` text, never negative. */
  amount: string;
  /** Three upper-case letters. */
  currency: string;
  description: string | null;
  narration: string | null;
  /** RFC 3339, UTC. */
  transactionDate: string;
  valueDate: string | null;
  /** `numeric(18,2)` text. */
  balanceAfter: string | null;
  counterpartyName: string | null;
  /** Masked: all but the last four characters. */
  counterpartyAccount: string | null;
  counterpartyBank: string | null;
  isReversal: boolean;
  originalTransactionId: string | null;
  tags: string[];
  metadata: Record<string, unknown>;
}

/** Closed list: it is stored with the rejected row and counted. */
export const rejectionReasons = [
  'not_an_object',
  'missing_id',
  'invalid_type',
  'invalid_amount',
  'negative_amount',
  'zero_amount',
  'invalid_status',
  'invalid_currency',
  'unsupported_currency',
  'invalid_date',
  'invalid_balance',
] as const;

export type RejectionReason = (typeof rejectionReasons)[number];

export type TransformOutcome =
  | { ok: true; row: CanonicalTransaction }
  | {
      ok: false;
      reason: RejectionReason;
      providerTransactionId: string | null;
      /** The row as received, account numbers masked. */
      raw: unknown;
    };
