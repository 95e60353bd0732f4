import type { FastifyError, FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { brokenConstraint, ServiceError } from '#pipeline/runtime/errors.ts';
import { type Refusal, refuse } from '#pipeline/runtime/errors-http.ts';

export const DetailAnswer = Type.Object({ detail: Type.String() });
/** What each route of payouts may answer besides its success. */
export const refusals = { '4xx': DetailAnswer, '5xx': DetailAnswer };

const byConstraint: Readonly<Record<string, () => ServiceError>> = {
  users_email_key: () => new ServiceError('EMAIL_TAKEN', 'there is a user with this address'),
  users_phone_key: () => new ServiceError('PHONE_TAKEN', 'there is a user with this number'),
  wallets_no_overdraft: () => new ServiceError('INSUFFICIENT_FUNDS', 'the wallet does not hold as much'),
  // More than any wallet can hold: only a cash-out and its fee come to so much.
  signed_cents_check: () => new ServiceError('INSUFFICIENT_FUNDS', 'the wallet does not hold as much'),
  mobile_money_payouts_provider_ref: () =>
    new ServiceError('PROVIDER_REF_MISMATCH', 'the provider knows another payout by this reference'),
  wallets_exact: () => new ServiceError('LIMIT', 'the wallet cannot hold as much'),
};

/** What the database refuses by a rule of payouts is the caller's to know; anything else is ours. */
export function translatePayoutError(thrown: unknown): ServiceError | undefined {
  return byConstraint[brokenConstraint(thrown) ?? '']?.();
}

/** Refusals as the clients of payouts know them: `{"detail": …}`, mostly a code. */
export function answerWithDetail(scope: FastifyInstance): void {
  scope.setErrorHandler<FastifyError>((thrown, request, reply) =>
    refuse(thrown, request, reply, { translate: translatePayoutError, shape: shapeDetail }),
  );
}

function shapeDetail(refusal: Refusal, thrown: FastifyError) {
  if (thrown.validation) return { status: 422, body: { detail: refusal.message } };
  return { status: refusal.status, body: detailOf(refusal) };
}

/** What a refusal says: its code, or in words what was not found. */
export function detailOf({ code, message }: { code: string; message: string }): { detail: string } {
  if (code === 'NOT_FOUND') return { detail: message };
  // The only role that a user may lack.
  return { detail: code === 'FORBIDDEN' ? 'ADMIN_REQUIRED' : code };
}
