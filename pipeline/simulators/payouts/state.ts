import { setTimeout as sleep } from 'node:timers/promises';
import { Book, type Payment, type Taken } from './book.ts';
import { type CallbackBody, sendCallbacks } from './callbacks.ts';
import { draw, type Fault, FaultList } from './faults.ts';
import { HeldUp } from './held-up.ts';
import { type Settings, type SimulatedProvider, simulatedProviders } from './options.ts';

/** Slow: each answer takes `ms` longer. Dead: every connection is broken off. */
export interface Mode {
  mode: 'up' | 'slow' | 'dead';
  ms: number;
}

/** Everything that the simulator remembers. */
export class SimulatorState {
  readonly settings: Settings;
  readonly book = new Book();
  readonly faults: FaultList;
  readonly modes = new Map<SimulatedProvider, Mode>();
  /** How each provider words a callback. */
  readonly wording = new Map<
    SimulatedProvider,
    (payment: Payment, state: Payment['state']) => CallbackBody
  >();
  readonly requests = new Map<string, number>();
  callbackUrl: string | undefined;
  #underWay = new Set<Promise<void>>();
  #closing = new AbortController();
  #serial = 0;
  readonly heldUp = new HeldUp(this.#closing.signal);

  constructor(settings: Settings) {
    this.settings = settings;
    this.callbackUrl = settings.callbackUrl;
    this.faults = new FaultList(settings.seed);
    for (const provider of simulatedProviders) this.modes.set(provider, { mode: 'up', ms: 0 });
  }

  count(what: string): void {
    this.requests.set(what, (this.requests.get(what) ?? 0) + 1);
  }

  nextRef(provider: SimulatedProvider): string {
    this.#serial += 1;
    return `${provider.charAt(0)}${String(this.#serial).padStart(9, '0')}`;
  }

  /** The payment is taken, and decided a while later. */
  take(provider: SimulatedProvider, providerRef: string, taken: Taken, fault: Fault | undefined): Payment {
    const payment = this.book.add(provider, providerRef, taken, 'PENDING');
    this.settle(payment, fault);
    return payment;
  }

  settle(payment: Payment, fault: Fault | undefined): void {
    payment.state = 'PENDING';
    if (fault?.kind === 'never') return;
    if (fault?.kind === 'instant') this.#decide(payment, fault);
    else this.background(this.#settleLater(payment, fault));
  }

  async #settleLater(payment: Payment, fault: Fault | undefined): Promise<void> {
    const [least, most] = this.settings.settleMs;
    const share = draw(this.settings.seed, 'settle', payment.externalRef);
    await this.pause(least + share * (most - least));
    this.#decide(payment, fault);
    await sendCallbacks(this, payment);
  }

  #decide(payment: Payment, fault: Fault | undefined): void {
    payment.state = fault?.kind === 'decline' ? 'FAILED' : 'PAID';
    payment.reason = payment.state === 'FAILED' ? (fault?.reason ?? 'PAYEE_NOT_FOUND') : null;
  }

  /** Goes on after the answer; closing ends it. */
  background(work: Promise<void>): void {
    const settled = work.catch(() => {}).finally(() => this.#underWay.delete(settled));
    this.#underWay.add(settled);
  }

  pause(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#closing.signal });
  }

  /** Resolves when every payment that will be decided is, and its callbacks are sent. */
  async idle(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.idle();
  }
}
