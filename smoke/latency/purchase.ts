import { check } from 'k6';
import exec from 'k6/execution';
import http, { type RefinedResponse, type ResponseType } from 'k6/http';

type Answer = RefinedResponse<ResponseType | undefined>;

interface Buyer {
  id: string;
  token: string;
}

interface Shop {
  item: number;
  price: number;
  buyers: Buyer[];
}

/** More than the largest load that may be asked for can spend. */
const coins = 1_000_000_000_000;
const base = __ENV.BASE_URL;

/**
 * Members of its own, so that no wallet that means anything moves and none ever runs empty. Users of the load share
 * them in turn; as two purchases of one wallet wait for each other, BUYERS should not be fewer than the users.
 */
export function setup(): Shop {
  const count = Number(__ENV.BUYERS || '5');
  if (!__ENV.ADMIN_TOKEN) exec.test.abort('ADMIN_TOKEN is needed');
  if (!Number.isInteger(count) || count < 1 || count > 50) exec.test.abort('BUYERS is 1 to 50');
  const items = http.get(`${base}/api/shop/items`, { tags: { name: 'items' } });
  const [item, price] = [items.json('items.0.id'), items.json('items.0.price')];
  if (!Number.isInteger(item) || !Number.isInteger(price)) exec.test.abort('the shop has nothing on sale');
  const run = `k6-${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 8)}`;
  const buyers = Array.from({ length: count }, (_, index) => createBuyer(`${run}-${index}`));
  return { item: Number(item), price: Number(price), buyers };
}

function createBuyer(username: string): Buyer {
  const password = `${username}-${Math.random().toString(36).slice(2)}`;
  const made = send('/api/admin/users/', __ENV.ADMIN_TOKEN, { username, password });
  const id = textIn(made, 201, 'id', 'no member could be made');
  const filled = send(
    `/api/admin/wallets/${id}/transactions/`,
    __ENV.ADMIN_TOKEN,
    { amount: coins, reason: 'coins of a load test' },
    { 'idempotency-key': username },
  );
  textIn(filled, 201, 'wallet_id', 'the wallet of a member could not be filled');
  const entered = send('/api/auth/login/', undefined, { username, password });
  return { id, token: textIn(entered, 200, 'token', 'a member could not log in') };
}

/** One purchase of one member, each with a key of its own: one sent again would only be answered from memory. */
export default function ({ item, price, buyers }: Shop): void {
  const buyer = buyers[(exec.vu.idInTest - 1) % buyers.length];
  const key = { 'idempotency-key': `k6-${exec.vu.idInTest}-${exec.vu.iterationInInstance}` };
  const answer = send('/api/shop/purchase/', buyer?.token, { item_id: item, quantity: 1 }, key);
  check(answer, {
    'purchase answers 201': ({ status }) => status === 201,
    'purchase is captured for the price': (given) =>
      given.status === 201 && given.json('state') === 'captured' && given.json('total') === price,
    'purchase is a row of the ledger': (given) =>
      given.status === 201 && Number.isInteger(given.json('transaction_id')),
  });
}

/** Nobody can log in as a buyer any more; what they bought stays, as everything in a ledger does. */
export function teardown({ buyers }: Shop): void {
  for (const { id } of buyers) {
    const ended = send(`/api/admin/users/${id}/deactivate/`, __ENV.ADMIN_TOKEN, undefined);
    check(ended, { 'buyer is deactivated': ({ status }) => status === 200 });
  }
}

function send(
  path: string,
  token: string | undefined,
  body: object | undefined,
  more: Record<string, string> = {},
): Answer {
  const headers = {
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...more,
  };
  const name = path.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, 'ID');
  const text = body === undefined ? null : JSON.stringify(body);
  return http.post(`${base}${path}`, text, { headers, tags: { name } });
}

function textIn(answer: Answer, status: number, field: string, why: string): string {
  const value = answer.status === status ? answer.json(field) : undefined;
  if (typeof value !== 'string') exec.test.abort(`${why}: status ${answer.status}`);
  return String(value);
}
