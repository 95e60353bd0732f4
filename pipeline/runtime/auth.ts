import type { IncomingHttpHeaders } from 'node:http';
import jwt from '@fastify/jwt';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ServiceError } from './errors.ts';
import type { Role } from './roles.ts';

export type { Role };

export interface Claims {
  sub: string;
  role: Role;
}

/** Whose tokens count: each has a key of its own, and a token of one is nothing in another. */
export type RealmName = 'platform' | 'payouts';

export interface Realm {
  name: RealmName;
  secret: string;
  /** The role of an administrator's id by now; without it the role of the token counts until that ends. */
  roleOf?(sub: string): Promise<Role | undefined>;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. A route that says nothing is for administrators only. */
    auth?: 'public' | Role;
    /** Of the tokens that it takes; the first one that the service has where it says nothing. */
    realm?: RealmName;
    /** False keeps a route answering while the rest sheds load. */
    shed?: boolean;
  }
}

declare module '@fastify/jwt' {
  interface FastifyJWT {
    payload: Claims;
    user: Claims;
  }
}

/** Routes opt out of authentication one by one, never by the beginning of their path. */
export async function registerAuth(app: FastifyInstance, realms: readonly Realm[]): Promise<void> {
  const realmOf = ({ routeOptions }: FastifyRequest) => {
    const { realm: wanted = realms[0]?.name } = routeOptions.config;
    const realm = realms.find(({ name }) => name === wanted);
    if (!realm) throw new Error(`no realm ${wanted}`);
    return realm;
  };
  await app.register(jwt, {
    secret: async (request: FastifyRequest) => realmOf(request).secret,
    sign: { algorithm: 'HS256' },
    verify: {
      algorithms: ['HS256'],
      maxAge: '12h',
      requiredClaims: ['sub', 'exp', 'iat'],
      extractToken: (request) => tokenOf(request.headers),
    },
  });
  app.addHook('onRequest', async (request) => {
    if (request.is404) return;
    const wanted = request.routeOptions.config.auth ?? 'ADMIN';
    if (wanted !== 'public') await requireRole(request, wanted, realmOf(request));
  });
}

/** A browser can give a WebSocket no header but its subprotocols: there it is `bearer, TOKEN`. */
function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers.authorization ?? '';
  const offered = headers.upgrade === undefined ? '' : (headers['sec-websocket-protocol'] ?? '');
  return (/^Bearer ([\w.-]+)$/i.exec(given) ?? /^bearer, ?([\w.-]+)$/.exec(offered))?.[1];
}

async function requireRole(request: FastifyRequest, wanted: Role, realm: Realm): Promise<void> {
  try {
    await request.jwtVerify();
  } catch {
    throw new ServiceError('UNAUTHENTICATED', 'a valid bearer token is required');
  }
  const { sub, role } = request.user;
  const has = wanted === 'ADMIN' && realm.roleOf ? await realm.roleOf(sub) : role;
  // Who administers payouts is a user of theirs, too.
  if (has === wanted || (wanted === 'USER' && has === 'ADMIN')) return;
  throw new ServiceError('FORBIDDEN', `this needs the role ${wanted}`);
}
