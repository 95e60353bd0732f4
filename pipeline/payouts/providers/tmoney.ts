import { type Answer, exchange, unclear } from './exchange.ts';
import type { PayoutProvider, Standing } from './provider.ts';
import { decimalOf, isObject, isRefusal, msisdnOf, word } from './wire.ts';

export interface TmoneySettings {
  baseUrl: string;
  apiKey: string;
  callbackUrl?: string | undefined;
}

const path = '/v1/disbursements';
const states: Readonly<Record<string, Standing['state']>> = { SUCCESS: 'CONFIRMED', FAILED: 'FAILED' };

/** TMoney publishes no interface: this one is a convention of ours, which takes a reference once only. */
export function createTmoney({ baseUrl, apiKey, callbackUrl }: TmoneySettings): PayoutProvider {
  const headers = { authorization: `Bearer ${apiKey}` };
  const get = (template: string, rest: string, signal: AbortSignal) =>
    exchange(baseUrl, { method: 'GET', template, path: `${path}${rest}`, headers }, signal);
  return {
    name: 'TMONEY',
    async submit({ reference, phone, amountCents, currency }, signal) {
      const body = {
        externalRef: reference,
        msisdn: msisdnOf(phone),
        amount: decimalOf(amountCents),
        currency,
        ...(callbackUrl && { callbackUrl }),
      };
      const answer = await exchange(baseUrl, { method: 'POST', template: path, path, headers, body }, signal);
      if (answer.status === 201) return { taken: standingOf(answer.json, answer) };
      const code = codeOf(answer);
      // It has this one already, and says how it stands.
      if (answer.status === 409 && code === 'DUPLICATE_REFERENCE' && isObject(answer.json)) {
        return { taken: standingOf(answer.json.disbursement, answer) };
      }
      if (isRefusal(answer.status) && code !== undefined) return { refused: code };
      throw unclear(answer, path);
    },
    async statusOf(providerRef, signal) {
      const answer = await get(`${path}/{id}`, `/${encodeURIComponent(providerRef)}`, signal);
      if (answer.status === 404 && codeOf(answer) === 'NOT_FOUND') return undefined;
      if (answer.status !== 200) throw unclear(answer, path);
      return standingOf(answer.json, answer);
    },
    async find(reference, signal) {
      const answer = await get(path, `?externalRef=${encodeURIComponent(reference)}`, signal);
      const items = answer.status === 200 && isObject(answer.json) ? answer.json.items : undefined;
      if (!Array.isArray(items)) throw unclear(answer, path);
      const [item] = items;
      if (item === undefined) return undefined;
      // One that lists others than it was asked for has said nothing of this one.
      if (!isObject(item) || item.externalRef !== reference) throw unclear(answer, path);
      return standingOf(item, answer);
    },
  };
}

function standingOf(json: unknown, answer: Answer): Standing {
  const found = isObject(json) ? json : {};
  const providerRef = word(found.transactionId);
  const status = word(found.status);
  if (providerRef === undefined || status === undefined) throw unclear(answer, path);
  return { providerRef, state: states[status] ?? 'SENT', status, reason: word(found.reason) ?? null };
}

function codeOf({ json }: Answer): string | undefined {
  return isObject(json) && isObject(json.error) ? word(json.error.code) : undefined;
}
