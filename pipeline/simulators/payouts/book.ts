import type { SimulatedProvider } from './options.ts';

export interface Taken {
  externalRef: string;
  phone: string;
  amountCents: bigint;
  currency: string;
  callbackUrl?: string | undefined;
}

/** CREATED: of Thunes, before it is confirmed. PAID: the person has the money. */
export type PaymentState = 'CREATED' | 'PENDING' | 'PAID' | 'FAILED';

export interface Payment extends Taken {
  provider: SimulatedProvider;
  providerRef: string;
  state: PaymentState;
  reason: string | null;
}

/** A line of what the providers say they paid; amounts as text. */
export interface BookLine extends Omit<Payment, 'amountCents' | 'callbackUrl'> {
  amount_cents: string;
}

/** The providers' own books: what was really paid, whatever anybody was told. */
export class Book {
  #payments: Payment[] = [];
  #byRef = new Map<string, Payment>();
  #byReference = new Map<string, Payment[]>();

  add(provider: SimulatedProvider, providerRef: string, taken: Taken, state: PaymentState): Payment {
    const payment: Payment = { ...taken, provider, providerRef, state, reason: null };
    this.#payments.push(payment);
    this.#byRef.set(`${provider} ${providerRef}`, payment);
    const key = `${provider} ${taken.externalRef}`;
    this.#byReference.set(key, [...(this.#byReference.get(key) ?? []), payment]);
    return payment;
  }

  /** Also for how many there will have been. */
  get size(): number {
    return this.#payments.length;
  }

  get undecided(): number {
    return this.#payments.filter(({ state }) => state === 'PENDING').length;
  }

  of(provider: SimulatedProvider, providerRef: string): Payment | undefined {
    return this.#byRef.get(`${provider} ${providerRef}`);
  }

  under(provider: SimulatedProvider, externalRef: string): readonly Payment[] {
    return this.#byReference.get(`${provider} ${externalRef}`) ?? [];
  }

  lines(): BookLine[] {
    return this.#payments.map(({ amountCents, callbackUrl: _, ...rest }) => ({
      ...rest,
      amount_cents: String(amountCents),
    }));
  }

  clear(): void {
    this.#payments = [];
    this.#byRef.clear();
    this.#byReference.clear();
  }
}

/** `123.45` as hundredths; undefined for anything that is no amount. */
export function centsOf(text: unknown): bigint | undefined {
  const match = typeof text === 'string' ? /^(\d{1,15})(?:\.(\d{2}))?$/.exec(text) : null;
  if (!match) return undefined;
  const cents = BigInt(match[1] ?? 0) * 100n + BigInt(match[2] ?? 0);
  return cents > 0n ? cents : undefined;
}
