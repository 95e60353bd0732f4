import type { FastifyInstance } from 'fastify';
import type { Database } from '#pipeline/runtime/db.ts';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import type { TypedApp } from '#pipeline/runtime/http.ts';
import { isSecret } from './caller.ts';
import { refusals } from './errors.ts';
import { BootstrapBody, RoleAnswer } from './schemas.ts';
import { setRole } from './users.ts';

/** Makes the first administrator, for whoever has the secret; only where `ENV` is dev or staging and it is set. */
export function registerBootstrap(plain: FastifyInstance, db: Database, secret: string): void {
  (plain as TypedApp).post(
    '/debug/bootstrap-admin',
    {
      config: { auth: 'public', realm: 'payouts' },
      schema: {
        tags: ['payouts: administration'],
        body: BootstrapBody,
        response: { 200: RoleAnswer, ...refusals },
      },
    },
    async ({ body, headers, id: requestId }) => {
      if (!isSecret(headers['x-bootstrap-secret'], secret)) {
        throw new ServiceError('UNAUTHENTICATED', 'this wants its X-Bootstrap-Secret');
      }
      const user = await setRole(db, { email: body.email }, 'ADMIN', { actor: 'bootstrap', requestId });
      return { user_id: user.id, role: user.role };
    },
  );
}
