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

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. A route that says nothing is for administrators only. */
    auth?: 'public' | Role;
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
export async function registerAuth(app: FastifyInstance, secret: string): Promise<void> {
  await app.register(jwt, {
    secret,
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
    if (wanted !== 'public') await requireRole(request, wanted);
  });
}

/** A browser can give a WebSocket no header but its subprotocols: there it is `bearer, TOKEN`. */
function tokenOf(headers: IncomingHttpHeaders): string | undefined {
  const given = headers.authorization ?? '';
  const offered = headers.upgrade === undefined ? '' : (headers['sec-websocket-protocol'] ?? '');
  return (/^Bearer ([\w.-]+)$/i.exec(given) ?? /^bearer, ?([\w.-]+)$/.exec(offered))?.[1];
}

async function requireRole(request: FastifyRequest, wanted: Role): Promise<void> {
  try {
    await request.jwtVerify();
  } catch {
    throw new ServiceError('UNAUTHENTICATED', 'a valid bearer token is required');
  }
  if (request.user.role !== wanted) throw new ServiceError('FORBIDDEN', `this needs the role ${wanted}`);
}
