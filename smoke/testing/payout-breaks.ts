import type { Broken } from './breaks.ts';
import type { Asked, Break, Given } from './broken-service.ts';

const json = (status: number, value: unknown): Given => ({
  status,
  body: Buffer.from(JSON.stringify(value)),
});

/** Spoils the answers that this fits. */
const where = (fits: (asked: Asked, given: Given) => boolean, change: (given: Given) => Given): Break => ({
  spoil: (asked, given) => (fits(asked, given) ? change(given) : undefined),
});
/** A refusal with this detail becomes a success. */
const forgiven = (detail: string): Break =>
  where(
    ({ path }, { body }) => path.startsWith('/v1/') && body.toString().includes(`"${detail}"`),
    () => json(200, {}),
  );
const rewritten = (path: RegExp, from: RegExp, to: string): Break =>
  where(
    (asked) => asked.method === 'GET' && path.test(asked.path),
    ({ status, body }) => ({ status, body: Buffer.from(body.toString().replace(from, to)) }),
  );

/** Whoever registers first is told to come again, which is no broken promise. */
function busyOnce(): Break {
  let isTold = false;
  return {
    instead({ path }) {
      if (isTold || path !== '/v1/auth/register') return undefined;
      isTold = true;
      return json(503, { detail: 'BUSY' });
    },
  };
}

/** For each promise of payouts, by the end of its title, its behaviour broken. */
export const payoutBreaks: Record<string, Broken> = {
  'is closed to users': {
    broken: { ...busyOnce(), ...forgiven('ADMIN_REQUIRED') },
    says: 'the list, asked for by a user; Expected: 403; Received: 200',
  },
  'lists payouts, and shows nobody whole telephone numbers': {
    broken: rewritten(/\/payouts$/, /"\*+(\d{4})"/g, '"+2289011$1"'),
    says: 'a number in the list; Expected pattern: /^\\*+\\d{4}$/',
  },
  'retries what is there, and nothing else': {
    broken: forgiven('Payout not found'),
    says: 'the retry of no payout; Expected: 404; Received: 200',
  },
  'GET /healthz and /readyz name version, database and migrations': {
    broken: rewritten(/^\/readyz$/, /"migration_revision":"[^"]+"/, '"migration_revision":"none"'),
    says: 'the newest migration; Expected pattern',
  },
  'GET /metrics has the four counters of payouts, zero or not': {
    broken: rewritten(/^\/metrics$/, /idempotency_replays_total/g, 'replays_total'),
    says: 'counters that are missing; Expected: ""; Received: "idempotency_replays_total"',
  },
  'a cash-in sent again under its key is answered again, and moves nothing': {
    // A broken service passes no headers on.
    broken: {},
    says: 'whether it was replayed; Expected: "true"; Received: undefined',
  },
  'a key that was used for another order is refused': {
    broken: forgiven('IDEMPOTENCY_CONFLICT'),
    says: 'another order under the same key; Expected: 409; Received: 200',
  },
  'a cash-out is debited at once; more than the wallet holds is refused': {
    broken: forgiven('INSUFFICIENT_FUNDS'),
    says: 'more than the wallet holds; Expected: 409; Received: 200',
  },
  'somebody new logs in and has an empty wallet; nobody does so with another password': {
    broken: forgiven('INVALID_CREDENTIALS'),
    says: 'a login with another password; Expected: 401; Received: 200',
  },
  'each provider takes a payout': {
    broken: where(
      ({ path }, { body }) => path.startsWith('/v1/payouts/') && body.toString().includes('"MOMO"'),
      () => json(200, { status: 'FAILED', provider_ref: null }),
    ),
    says: 'providers that took no payout; Expected: ""; Received: "MOMO: FAILED"',
  },
  'a payout is sent, confirmed by a signed webhook, and its events are shown to administrators': {
    broken: rewritten(/^\/v1\/payouts\//, /"status":"CONFIRMED"/, '"status":"SENT"'),
    says: 'after the webhook; Expected: "CONFIRMED"; Received: "SENT"',
  },
  'a webhook without a signature, or with another, is refused and changes nothing': {
    broken: forgiven('MISSING_SIGNATURE'),
    says: 'a webhook without a signature; Expected: 401; Received: 200',
  },
};
