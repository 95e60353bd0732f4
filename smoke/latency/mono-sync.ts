import { check } from 'k6';
import exec from 'k6/execution';
import http from 'k6/http';

const path = '/api/v1/si/banking/open-banking/transactions/sync';
/** A key of an earlier run would only replay its answer. */
const begun = Date.now().toString(36);

/** One manual sync after the other: with the flag off a deferred answer, with it on fetch, transform, persist. */
export default function (): void {
  const { SI_TOKEN, ACCOUNT_DB_ID, BASE_URL } = __ENV;
  if (!SI_TOKEN || !ACCOUNT_DB_ID) exec.test.abort('SI_TOKEN and ACCOUNT_DB_ID are needed');
  const body = { sync_config: { account_db_id: ACCOUNT_DB_ID, mode: 'incremental', page_limit: 50 } };
  const answer = http.post(`${BASE_URL}${path}`, JSON.stringify(body), {
    headers: {
      authorization: `Bearer ${SI_TOKEN}`,
      'content-type': 'application/json',
      'idempotency-key': `latency-${begun}-${exec.vu.idInTest}-${exec.vu.iterationInInstance}`,
    },
    tags: { name: 'mono-sync' },
  });
  check(answer, {
    'sync answers 200': ({ status }) => status === 200,
    'sync names its operation': (given) =>
      given.status === 200 && given.json('operation') === 'sync_banking_transactions',
  });
}
