import { createHash } from 'node:crypto';
import { type Answer, exchange, type Request, unclear } from './exchange.ts';
import { type Order, type PayoutProvider, ProviderError, type Standing } from './provider.ts';
import { basic, decimalOf, isObject, isRefusal, msisdnOf, word } from './wire.ts';

export interface MomoSettings {
  baseUrl: string;
  apiUser: string;
  apiKey: string;
  subscriptionKey: string;
  targetEnvironment: string;
  /** Where callbacks go to; without it MTN uses the one that was registered. */
  callbackUrl?: string | undefined;
}

const transfer = '/disbursement/v1_0/transfer';
const states: Readonly<Record<string, Standing['state']>> = { SUCCESSFUL: 'CONFIRMED', FAILED: 'FAILED' };
/** A token is renewed this long before it ends. */
const marginMs = 30_000;

/** MTN MoMo's disbursements: the reference is made of ours, so that the same payment can't be made twice. */
export function createMomo(settings: MomoSettings): PayoutProvider {
  const tokens = createTokens(settings);
  const call = async ({ headers, ...request }: Request, signal: AbortSignal): Promise<Answer> => {
    const own = {
      authorization: `Bearer ${await tokens.get(signal)}`,
      'x-target-environment': settings.targetEnvironment,
      'ocp-apim-subscription-key': settings.subscriptionKey,
    };
    const answer = await exchange(settings.baseUrl, { ...request, headers: { ...own, ...headers } }, signal);
    // It was taken back before its time; whoever asks next gets another.
    if (answer.status === 401) tokens.forget();
    return answer;
  };
  const statusOf = async (providerRef: string, signal: AbortSignal) => {
    const path = `${transfer}/${encodeURIComponent(providerRef)}`;
    const answer = await call({ method: 'GET', template: `${transfer}/{reference}`, path }, signal);
    if (answer.status === 404 && codeOf(answer) === 'RESOURCE_NOT_FOUND') return undefined;
    return standingOf(providerRef, answer);
  };
  return {
    name: 'MOMO',
    statusOf,
    find: (reference, signal) => statusOf(referenceId(reference), signal),
    async submit(order, signal) {
      const providerRef = referenceId(order.reference);
      const headers = {
        'x-reference-id': providerRef,
        ...(settings.callbackUrl && { 'x-callback-url': settings.callbackUrl }),
      };
      const request = { method: 'POST' as const, template: transfer, path: transfer, headers };
      const answer = await call({ ...request, body: bodyOf(order) }, signal);
      const code = codeOf(answer);
      if (answer.status === 202 || (answer.status === 409 && code === 'RESOURCE_ALREADY_EXIST')) {
        return { taken: { providerRef, state: 'SENT', status: code ?? 'PENDING', reason: null } };
      }
      if (isRefusal(answer.status) && code !== undefined) return { refused: code };
      throw unclear(answer, transfer);
    },
  };
}

/** X-Reference-Id has to be a UUID of version 4; this one is always the same for the same reference. */
export function referenceId(reference: string): string {
  const hex = createHash('sha256').update(`momo ${reference}`).digest('hex');
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function bodyOf(order: Order) {
  return {
    amount: decimalOf(order.amountCents),
    currency: order.currency,
    externalId: order.reference,
    payee: { partyIdType: 'MSISDN', partyId: msisdnOf(order.phone) },
    payerMessage: 'payout',
    payeeNote: 'payout',
  };
}

function standingOf(providerRef: string, answer: Answer): Standing {
  const { json } = answer;
  const status = answer.status === 200 && isObject(json) ? word(json.status) : undefined;
  if (!isObject(json) || status === undefined) throw unclear(answer, transfer);
  // Either a code, or an object with one.
  const reason = word(isObject(json.reason) ? json.reason.code : json.reason) ?? null;
  return { providerRef, state: states[status] ?? 'SENT', status, reason };
}

function codeOf({ json }: Answer): string | undefined {
  return isObject(json) ? word(json.code) : undefined;
}

function createTokens({ baseUrl, apiUser, apiKey, subscriptionKey }: MomoSettings) {
  let held: { token: string; until: number } | undefined;
  const path = '/disbursement/token/';
  const get = async (signal: AbortSignal): Promise<string> => {
    if (held && performance.now() < held.until) return held.token;
    const headers = { authorization: basic(apiUser, apiKey), 'ocp-apim-subscription-key': subscriptionKey };
    const answer = await exchange(baseUrl, { method: 'POST', template: path, path, headers }, signal);
    const { json } = answer;
    const token = answer.status === 200 && isObject(json) ? json.access_token : undefined;
    if (!isObject(json) || typeof token !== 'string' || !/^[\w.~+/-]+=*$/.test(token)) {
      throw new ProviderError(`TOKEN_${answer.status}`, `${path}: no token was given`);
    }
    const seconds = typeof json.expires_in === 'number' ? json.expires_in : 0;
    held = { token, until: performance.now() + seconds * 1000 - marginMs };
    return token;
  };
  return {
    get,
    forget() {
      held = undefined;
    },
  };
}
