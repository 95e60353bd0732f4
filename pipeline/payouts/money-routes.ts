import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { ServiceError } from '#pipeline/runtime/errors.ts';
import type { TypedApp } from '#pipeline/runtime/http.ts';
import { payoutAnswer } from './answers.ts';
import { userOf } from './caller.ts';
import { type CashOutRules, cashOut } from './cash-out.ts';
import { refusals } from './errors.ts';
import { guardOf } from './guard.ts';
import { answerKeyed, type KeyedAnswer, type KeyedDeps, readKey } from './idempotency.ts';
import { payoutOfUser } from './listing.ts';
import {
  CashInAnswer,
  CashInBody,
  CashOutAnswer,
  CashOutBody,
  KeyHeaders,
  PayoutAnswer,
  TransactionParams,
  WalletsAnswer,
} from './schemas.ts';
import { cashIn, listWallets, ownWallet } from './wallets.ts';

const config = { auth: 'USER', realm: 'payouts' } as const;
const security = [{ bearer: [] }];
const tags = ['payouts: money'];

export type MoneyDeps = KeyedDeps & { rules: CashOutRules };

export function registerMoneyRoutes(plain: FastifyInstance, deps: MoneyDeps): void {
  const app = plain as TypedApp;
  const { db } = deps;
  app.get(
    '/v1/wallets',
    { config, schema: { security, tags, response: { 200: WalletsAnswer, ...refusals } } },
    async (request) => {
      const wallets = await listWallets(db, userOf(request));
      return {
        wallets: wallets.map(({ id, currency, balance_cents }) => ({
          wallet_id: id,
          currency,
          balance_cents: Number(balance_cents),
        })),
      };
    },
  );
  app.get(
    '/v1/payouts/:transaction_id',
    {
      config,
      schema: { security, tags, params: TransactionParams, response: { 200: PayoutAnswer, ...refusals } },
    },
    async (request) => {
      const payout = await payoutOfUser(db, request.params.transaction_id, userOf(request));
      if (!payout) throw new ServiceError('NOT_FOUND', 'Payout not found');
      return payoutAnswer(payout);
    },
  );
  registerCashIn(app, deps);
  registerCashOut(app, deps);
}

function registerCashIn(app: TypedApp, deps: MoneyDeps): void {
  app.post(
    '/v1/cash-in/mobile-money',
    {
      config,
      schema: {
        security,
        tags,
        headers: KeyHeaders,
        body: CashInBody,
        response: { 200: CashInAnswer, ...refusals },
      },
    },
    async (request, reply) => {
      const { body, headers } = request;
      const userId = userOf(request);
      const key = readKey(headers['idempotency-key']);
      const keyed = { userId, key, route: 'cash_in_mobile_money' as const, body };
      const answered = await answerKeyed(deps, keyed, async () => {
        const { wallet_id, amount_cents, provider } = body;
        const { currency } = await ownWallet(deps.db, wallet_id, userId);
        const id = randomUUID();
        const credit = { id, walletId: wallet_id, provider, amountCents: BigInt(amount_cents) };
        const answer = { status: 200, body: { transaction_id: id, wallet_id, amount_cents, currency } };
        return (await cashIn(deps.db, credit, guardOf(keyed, answer))) ? answer : undefined;
      });
      return send(reply, answered);
    },
  );
}

function registerCashOut(app: TypedApp, deps: MoneyDeps): void {
  app.post(
    '/v1/cash-out/mobile-money',
    {
      config,
      schema: {
        security,
        tags,
        headers: KeyHeaders,
        body: CashOutBody,
        response: { 200: CashOutAnswer, ...refusals },
      },
    },
    async (request, reply) => {
      const { body, headers } = request;
      const userId = userOf(request);
      const key = readKey(headers['idempotency-key']);
      const asked = {
        walletId: body.wallet_id,
        amountCents: body.amount_cents,
        country: body.country,
        provider: body.provider ?? undefined,
        phone: body.phone_e164 ?? undefined,
      };
      const keyed = { userId, key, route: 'cash_out_mobile_money' as const, body };
      const answer = await answerKeyed(deps, keyed, () => cashOut(deps.db, keyed, asked, deps.rules));
      return send(reply, answer);
    },
  );
}

/** What was kept goes out as it was, refusals too: its shape was checked when it was first given. */
function send(reply: unknown, { status, body, replayed }: KeyedAnswer & { replayed: boolean }): never {
  const plain = reply as FastifyReply;
  if (replayed) plain.header('idempotent-replayed', 'true');
  return plain.code(status).send(body) as never;
}
