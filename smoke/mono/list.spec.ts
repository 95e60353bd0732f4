import { expectNoPersonalData, expectNoSecrets } from '../fixtures/expect-private.ts';
import { expect, test } from '../fixtures/test.ts';
import { banking } from './banking.ts';

test.describe('an integrator lists its connections', { tag: ['@mono', '@readonly'] }, () => {
  test('account numbers are masked, and nothing else is given away', async ({ as }) => {
    const integrator = await as('SYSTEM_INTEGRATOR');
    const answer = await integrator.get(banking);
    expect(answer.status()).toBe(200);
    const body = await answer.json();
    expect(body).toMatchObject({ success: true, action: 'open_banking_connections_listed' });
    const { connections } = body.data as { connections: { accounts: { masked_account_number: string }[] }[] };
    expect(body.meta.count).toBe(connections.length);
    for (const { masked_account_number } of connections.flatMap(({ accounts }) => accounts)) {
      expect(masked_account_number).toMatch(/^\*+\d{0,4}$/);
    }
    await expectNoSecrets(answer);
    await expectNoPersonalData(answer);
  });

  test('nobody else may', async ({ as, request }) => {
    expect((await request.get(banking)).status()).toBe(401);
    expect((await (await as('ADMIN')).get(banking)).status()).toBe(403);
  });
});
