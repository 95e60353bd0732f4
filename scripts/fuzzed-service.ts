import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { demo } from '#pipeline/economy/seed.ts';
import type { Role } from '#pipeline/runtime/auth.ts';
import { mintToken } from '#pipeline/runtime/token.ts';
import { signBytes } from '#pipeline/shared/signature.ts';
import { startEconomy } from '#pipeline/testing/economy.ts';
import { fundedWallet } from '#pipeline/testing/payouts.ts';
import {
  jwtSecret,
  linkAccount,
  payoutsSecret,
  startSimulator,
  type TestService,
} from '#pipeline/testing/service.ts';

export interface OpenApi {
  paths: Record<string, object>;
}

/** In the order they come: what the administrator does to flags and members would hold the others up. */
export const callerNames = [
  'nobody',
  'member',
  'system integrator',
  'provider',
  'administrator',
  'payouts user',
  'payouts administrator',
];

export interface Caller {
  name: string;
  headers: Record<string, string>;
  /** What of the document it is to try. */
  document: OpenApi;
}

export interface FuzzedService {
  url: string;
  document: OpenApi;
  callers: Caller[];
  /** Routes that are not in the document, with a reason where there is one. */
  leftOut: { route: string; reason: string | undefined }[];
  /** Requests that the service itself logged as failed. */
  failures(): string[];
  stop(): Promise<void>;
}

const integrator = 'si-test';
const webhookSecret = 'a webhook secret of the fuzzing';
const bootstrapSecret = 'a bootstrap secret of the fuzzing';
const reasons: Readonly<Record<string, string>> = {
  'GET /api/schema/': 'the document itself',
  'GET /metrics': 'text for Prometheus, which alerts and dashboards are tested with',
  'GET /ws/notifications/': 'a WebSocket, which OpenAPI cannot describe; its own test sends it odd messages',
};

/** The service with everything it has, on a database of its own, with a member, an administrator and an account. */
export async function startFuzzedService(): Promise<FuzzedService> {
  const simulator = await startSimulator();
  const routes = watchRoutes();
  const economy = await startEconomy({
    MONO_BASE_URL: simulator.url,
    MONO_WEBHOOK_MODE: 'either',
    MONO_WEBHOOK_SECRET: webhookSecret,
    BOOTSTRAP_SECRET: bootstrapSecret,
    // Else most cases would meet the limit and nothing behind it.
    LOGINS_PER_MINUTE: '100000',
    WEBHOOKS_PER_MINUTE: '100000',
    TMONEY_WEBHOOK_SECRET: webhookSecret,
    FLOOZ_WEBHOOK_SECRET: webhookSecret,
    MOMO_WEBHOOK_SECRET: webhookSecret,
    THUNES_WEBHOOK_SECRET: webhookSecret,
  }).finally(routes.end);
  const { service } = economy;
  await linkAccount(service, 'acc_sandbox_123', integrator);
  const url = await service.app.http.listen({ port: 0, host: '127.0.0.1' });
  const document = (await (await fetch(new URL('/api/schema/', url))).json()) as OpenApi;
  return {
    url,
    document,
    callers: [...platformCallers(document), ...(await payoutsCallers(service, document))],
    leftOut: routes.seen
      .filter(({ method, path }) => method !== 'HEAD' && !isDescribed(document, method, path))
      .map(({ method, path }) => ({ route: `${method} ${path}`, reason: reasons[`${method} ${path}`] })),
    failures: () =>
      service.lines.filter(({ event }) => event === 'request.failed').map((line) => JSON.stringify(line)),
    async stop() {
      await economy.stop();
      await simulator.close();
    },
  };
}

const bearer = (secret: string, sub: string, role: Role) => ({
  Authorization: `Bearer ${mintToken(secret, { sub, role }, 7200)}`,
});

function only({ paths, ...document }: OpenApi, wanted: (path: string) => boolean): OpenApi {
  return { ...document, paths: Object.fromEntries(Object.entries(paths).filter(([path]) => wanted(path))) };
}

const ofPayouts = (path: string) => /^\/(v1|debug)\//.test(path);

async function payoutsCallers({ app }: TestService, whole: OpenApi): Promise<Caller[]> {
  const { db } = app.platform;
  const [user, admin] = [await fundedWallet(db, 1_000_000), await fundedWallet(db, 0)];
  await db.query(`UPDATE app.users SET role = 'ADMIN' WHERE id = $1`, [admin.userId]);
  const document = only(whole, ofPayouts);
  return [
    { name: 'payouts user', headers: bearer(payoutsSecret, user.userId, 'USER'), document },
    {
      name: 'payouts administrator',
      headers: {
        ...bearer(payoutsSecret, admin.userId, 'ADMIN'),
        'X-Bootstrap-Secret': bootstrapSecret,
      },
      document,
    },
  ];
}

function platformCallers(whole: OpenApi): Caller[] {
  const document = only(whole, (path) => !ofPayouts(path));
  return [
    { name: 'nobody', headers: {}, document: whole },
    { name: 'member', headers: bearer(jwtSecret, demo.member.id, 'MEMBER'), document },
    { name: 'system integrator', headers: bearer(jwtSecret, integrator, 'SYSTEM_INTEGRATOR'), document },
    {
      name: 'provider',
      headers: {
        'mono-webhook-secret': webhookSecret,
        // The document has no body for these: what comes is empty, and so is what was signed.
        'X-Signature': `sha256=${signBytes('sha256', webhookSecret, '')}`,
      },
      document: only(whole, (path) => /^\/(v1|api\/v1)\/webhooks\//.test(path)),
    },
    { name: 'administrator', headers: bearer(jwtSecret, demo.admin.id, 'ADMIN'), document },
  ];
}

/** Every route of the applications that are made until `end`; the framework itself tells of each. */
function watchRoutes() {
  const seen: { method: string; path: string }[] = [];
  const onRoute = ({ method, url: path }: RouteOptions) => {
    for (const name of [method].flat()) seen.push({ method: name, path });
  };
  const onCreate = (message: unknown) =>
    void (message as { fastify: FastifyInstance }).fastify.addHook('onRoute', onRoute);
  subscribe('fastify.initialization', onCreate);
  return { seen, end: () => void unsubscribe('fastify.initialization', onCreate) };
}

function isDescribed({ paths }: OpenApi, method: string, path: string): boolean {
  const template = path.replace(/:(\w+)/g, '{$1}');
  return Object.hasOwn(paths[template] ?? {}, method.toLowerCase());
}
