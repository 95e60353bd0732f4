import type { Provider } from '#pipeline/payouts/payouts.ts';

export interface Order {
  /** Ours, and the same each time the same payment is meant: what the provider can be asked for. */
  reference: string;
  phone: string;
  /** In hundredths of the currency. */
  amountCents: bigint;
  currency: string;
}

/** What the provider has made of a payment. */
export interface Standing {
  /** The provider's own name of it. */
  providerRef: string;
  /** SENT: it has it, and has not decided. */
  state: 'SENT' | 'CONFIRMED' | 'FAILED';
  /** In the provider's words. */
  status: string;
  /** Why it failed, as a code. */
  reason: string | null;
}

/** Refused: the provider said that it did not take it. */
export type Submission = { taken: Standing } | { refused: string };

/**
 * A provider of mobile money. Each verb makes its requests within the signal, and throws a ProviderError wherever the
 * answer does not say for certain: whoever submitted then knows nothing, and has to ask.
 */
export interface PayoutProvider {
  readonly name: Provider;
  submit(order: Order, signal: AbortSignal): Promise<Submission>;
  /** By the provider's own reference; undefined: it does not know it. */
  statusOf(providerRef: string, signal: AbortSignal): Promise<Standing | undefined>;
  /** By our reference; undefined: it says that it has taken nothing under it. */
  find(reference: string, signal: AbortSignal): Promise<Standing | undefined>;
}

/** What happened is not known. `message` holds nothing of what the provider or the order said. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  /** Such as `TIMEOUT`, `NETWORK` or `HTTP_503`: what is kept as the payout's last error. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
