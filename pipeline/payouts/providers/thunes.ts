import { type Answer, exchange, type Request, unclear } from './exchange.ts';
import {
  type Order,
  type PayoutProvider,
  ProviderError,
  type Standing,
  type Submission,
} from './provider.ts';
import { basic, decimalOf, isObject, isRefusal, msisdnOf, word } from './wire.ts';

export interface ThunesSettings {
  baseUrl: string;
  apiKey: string;
  apiSecret: string;
  /** Who pays out at the other end, as Thunes numbers them. */
  payerId: string;
  callbackUrl?: string | undefined;
}

const root = '/v2/money-transfer';
/** The first digit of a status. 1 was made and pays nobody until it is confirmed; 8 was paid, then came back. */
const created = '1';
const states: Readonly<Record<string, Standing['state']>> = {
  '3': 'FAILED',
  '4': 'FAILED',
  '7': 'CONFIRMED',
  '8': 'FAILED',
  '9': 'FAILED',
};

type Call = (request: Omit<Request, 'headers'>, signal: AbortSignal) => Promise<Answer>;

interface Transaction extends Standing {
  isCreated: boolean;
}

/** Thunes: a quotation, a transaction of it, and its confirmation, which alone moves money. */
export function createThunes(settings: ThunesSettings): PayoutProvider {
  const authorization = basic(settings.apiKey, settings.apiSecret);
  const call: Call = (request, signal) =>
    exchange(
      settings.baseUrl,
      { ...request, path: `${root}${request.path}`, headers: { authorization } },
      signal,
    );
  const post = (template: string, path: string, body: object | undefined, signal: AbortSignal) =>
    call({ method: 'POST', template, path, ...(body && { body }) }, signal);

  /** The transaction of this reference, made now or earlier, unconfirmed or not; or why it is refused. */
  async function prepare(order: Order, signal: AbortSignal): Promise<Transaction | { refused: string }> {
    const quotation = await post('/quotations', '/quotations', quotationOf(order, settings), signal);
    const quoted = isObject(quotation.json) ? word(quotation.json.id) : undefined;
    if (quotation.status !== 201 || quoted === undefined) return refusedOr(quotation, '/quotations');
    const template = '/quotations/{id}/transactions';
    const path = `/quotations/${encodeURIComponent(quoted)}/transactions`;
    const made = await post(template, path, transactionBodyOf(order, settings), signal);
    if (made.status === 201) return transactionOf(made, template);
    const earlier = made.status === 409 ? await findOurs(call, order.reference, signal) : undefined;
    return earlier ?? refusedOr(made, template);
  }

  return {
    name: 'THUNES',
    async submit(order, signal): Promise<Submission> {
      const prepared = await prepare(order, signal);
      if ('refused' in prepared) return prepared;
      const { isCreated, ...standing } = prepared;
      if (!isCreated) return { taken: standing };
      const template = '/transactions/{id}/confirm';
      const path = `/transactions/${encodeURIComponent(standing.providerRef)}/confirm`;
      const answer = await post(template, path, undefined, signal);
      if (answer.status !== 200) throw unclear(answer, template);
      const { isCreated: isStill, ...confirmed } = transactionOf(answer, template);
      if (isStill) throw new ProviderError('NOT_CONFIRMED', `${template}: it is not confirmed`);
      return { taken: confirmed };
    },
    async statusOf(providerRef, signal) {
      const answer = await read(call, encodeURIComponent(providerRef), signal);
      return withoutCreated(answer && transactionOf(answer, '/transactions/{id}'));
    },
    async find(reference, signal) {
      return withoutCreated(await findOurs(call, reference, signal));
    },
  };
}

async function read(call: Call, path: string, signal: AbortSignal): Promise<Answer | undefined> {
  const template = '/transactions/{id}';
  const answer = await call({ method: 'GET', template, path: `/transactions/${path}` }, signal);
  if (answer.status === 404 && errorOf(answer) !== undefined) return undefined;
  if (answer.status !== 200) throw unclear(answer, template);
  return answer;
}

/** By our reference, which the answer has to name. */
async function findOurs(
  call: Call,
  reference: string,
  signal: AbortSignal,
): Promise<Transaction | undefined> {
  const template = '/transactions/ext-{id}';
  const answer = await read(call, `ext-${encodeURIComponent(reference)}`, signal);
  if (!answer) return undefined;
  if (!isObject(answer.json) || answer.json.external_id !== reference) throw unclear(answer, template);
  return transactionOf(answer, template);
}

/** Nobody is paid by what was never confirmed: it is as good as not there, and submitting goes on with it. */
function withoutCreated(found: Transaction | undefined): Standing | undefined {
  if (!found || found.isCreated) return undefined;
  const { isCreated: _, ...standing } = found;
  return standing;
}

function quotationOf(order: Order, { payerId }: ThunesSettings) {
  return {
    external_id: order.reference,
    payer_id: payerId,
    mode: 'DESTINATION_AMOUNT',
    transaction_type: 'B2C',
    source: { currency: order.currency },
    destination: { amount: decimalOf(order.amountCents), currency: order.currency },
  };
}

function transactionBodyOf(order: Order, { callbackUrl }: ThunesSettings) {
  return {
    external_id: order.reference,
    credit_party_identifier: { msisdn: msisdnOf(order.phone) },
    ...(callbackUrl && { callback_url: callbackUrl }),
  };
}

function transactionOf(answer: Answer, template: string): Transaction {
  const json = isObject(answer.json) ? answer.json : {};
  const providerRef = word(json.id);
  const status = word(json.status);
  if (providerRef === undefined || status === undefined || !/^[1-9]\d{4}$/.test(status)) {
    throw unclear(answer, template);
  }
  const state = states[status.charAt(0)] ?? 'SENT';
  const said = word(json.status_message) ?? status;
  return {
    providerRef,
    state,
    status: said,
    reason: state === 'FAILED' ? said : null,
    isCreated: status.startsWith(created),
  };
}

function refusedOr(answer: Answer, template: string): { refused: string } {
  const code = errorOf(answer);
  if (isRefusal(answer.status) && code !== undefined) return { refused: code };
  throw unclear(answer, template);
}

function errorOf({ json }: Answer): string | undefined {
  const [first] = isObject(json) && Array.isArray(json.errors) ? json.errors : [];
  return isObject(first) ? word(first.code) : undefined;
}
