import { type Answer, exchange, unclear } from './exchange.ts';
import { type PayoutProvider, ProviderError, type Standing } from './provider.ts';
import { basic, decimalOf, isObject, isRefusal, msisdnOf, word } from './wire.ts';

export interface FloozSettings {
  baseUrl: string;
  user: string;
  password: string;
}

const path = '/v1/transfer';
const states: Readonly<Record<string, Standing['state']>> = {
  SUCCESSFUL: 'CONFIRMED',
  REJECTED: 'FAILED',
  CANCELLED: 'FAILED',
};

/**
 * Moov Flooz, on the little that its developer portal is known for: cash-in with Basic authentication. The rest is a
 * convention of ours. It does not look at references: the same one twice is paid twice, unless somebody asks first.
 */
export function createFlooz({ baseUrl, user, password }: FloozSettings): PayoutProvider {
  const headers = { authorization: basic(user, password) };
  const get = (template: string, rest: string, signal: AbortSignal) =>
    exchange(baseUrl, { method: 'GET', template, path: rest, headers }, signal);
  return {
    name: 'FLOOZ',
    async submit({ reference, phone, amountCents, currency }, signal) {
      const body = {
        type: 'cashin',
        msisdn: msisdnOf(phone),
        amount: decimalOf(amountCents),
        currency,
        client_ref: reference,
      };
      const answer = await exchange(baseUrl, { method: 'POST', template: path, path, headers, body }, signal);
      if (answer.status === 200) return { taken: standingOf(answer.json, answer) };
      const code = codeOf(answer);
      if (isRefusal(answer.status) && code !== undefined) return { refused: code };
      throw unclear(answer, path);
    },
    async statusOf(providerRef, signal) {
      const answer = await get(`${path}/{id}`, `${path}/${encodeURIComponent(providerRef)}`, signal);
      if (answer.status === 404 && codeOf(answer) === 'TRANSFER_NOT_FOUND') return undefined;
      if (answer.status !== 200) throw unclear(answer, path);
      return standingOf(answer.json, answer);
    },
    async find(reference, signal) {
      const answer = await get(
        '/v1/transfers',
        `/v1/transfers?client_ref=${encodeURIComponent(reference)}`,
        signal,
      );
      const list = answer.status === 200 && isObject(answer.json) ? answer.json.transfers : undefined;
      // One that lists others than it was asked for has said nothing of this one.
      const isAsked = (item: unknown) => isObject(item) && item.client_ref === reference;
      if (!Array.isArray(list) || !list.every(isAsked)) throw unclear(answer, '/v1/transfers');
      return onlyOne(list.map((item) => standingOf(item, answer)));
    },
  };
}

/** More than one that may pay is more than a program should decide about. */
function onlyOne(found: Standing[]): Standing | undefined {
  const alive = found.filter(({ state }) => state !== 'FAILED');
  if (alive.length > 1) throw new ProviderError('SEVERAL', 'the provider has several under one reference');
  return alive[0] ?? found[0];
}

function standingOf(json: unknown, answer: Answer): Standing {
  const found = isObject(json) ? json : {};
  const providerRef = word(found.transactionId);
  const status = word(found.state);
  if (providerRef === undefined || status === undefined) throw unclear(answer, path);
  return { providerRef, state: states[status] ?? 'SENT', status, reason: word(found.reason) ?? null };
}

function codeOf({ json }: Answer): string | undefined {
  return isObject(json) ? word(json.errorCode) : undefined;
}
