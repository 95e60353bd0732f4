import { check } from 'k6';
import exec from 'k6/execution';
import http, { type RefinedResponse, type ResponseType } from 'k6/http';

type Answer = RefinedResponse<ResponseType | undefined>;

/** What a member's client reads when it opens: five requests, each with an answer that is right or wrong. */
export default function (): void {
  const { MEMBER_TOKEN } = __ENV;
  if (!MEMBER_TOKEN) exec.test.abort('MEMBER_TOKEN is needed');
  const member = { authorization: `Bearer ${MEMBER_TOKEN}` };
  read('health', '/health', {}, (answer) => answer.json('status') === 'ok');
  read('items', '/api/shop/items', {}, (answer) => Number(answer.json('items.#')) > 0);
  read('wallet', '/api/wallet/', member, (answer) => Number.isInteger(answer.json('balance')));
  read('transactions', '/api/transactions?page=1&page_size=10', member, (answer) =>
    Number.isInteger(answer.json('total_count')),
  );
  read('ping', '/api/moderation/enforcement/ping', {}, ({ body }) => body === '{"allow":true}');
}

function read(
  name: string,
  path: string,
  headers: Record<string, string>,
  isRight: (answer: Answer) => boolean,
): void {
  const answer = http.get(`${__ENV.BASE_URL}${path}`, { headers, tags: { name } });
  check(answer, {
    [`${name} answers 200`]: ({ status }) => status === 200,
    [`${name} says what it should`]: (given) => given.status === 200 && isRight(given),
  });
}
