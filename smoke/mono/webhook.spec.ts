import { createHmac, randomUUID } from 'node:crypto';
import type { APIRequestContext, APIResponse } from '@playwright/test';
import { setting } from '../fixtures/settings.ts';
import { expect, test } from '../fixtures/test.ts';
import { webhook } from './banking.ts';

const news = () =>
  JSON.stringify({
    event: 'mono.events.webhook_test',
    event_id: `evt_${randomUUID()}`,
    timestamp: new Date().toISOString(),
    data: {},
  });

const sign = (secret: string, body: string) => createHmac('sha512', secret).update(body).digest('hex');

function send(request: APIRequestContext, body: string, signature?: string): Promise<APIResponse> {
  const headers = {
    'content-type': 'application/json',
    ...(signature === undefined ? {} : { 'x-mono-signature': signature }),
  };
  return request.post(webhook, { headers, data: Buffer.from(body) });
}

test.describe('news that nobody signed is refused', { tag: ['@mono', '@readonly'] }, () => {
  const secret = () => setting('SMOKE_WEBHOOK_SECRET');
  const attempts: Record<string, (body: string) => string | undefined> = {
    unsigned: () => undefined,
    'signed with another secret': (body) => sign(`${secret()}x`, body),
    'signed for another body': () => sign(secret(), news()),
  };
  for (const [how, signature] of Object.entries(attempts)) {
    test(how, async ({ request }) => {
      const body = news();
      const answer = await send(request, body, signature(body));
      expect(answer.status()).toBe(401);
      expect((await answer.json()).error).toMatchObject({
        code: 'INVALID_SIGNATURE',
        message: 'Invalid webhook signature',
      });
    });
  }
});

test('signed news is taken once, and a replay is known as one', {
  tag: ['@mono', '@writes'],
}, async ({ request }) => {
  const body = news();
  const signature = sign(setting('SMOKE_WEBHOOK_SECRET'), body);
  const first = await send(request, body, signature);
  expect(first.status()).toBe(200);
  expect((await first.json()).data.status).not.toBe('duplicate');
  const second = await send(request, body, signature);
  expect(second.status()).toBe(200);
  expect((await second.json()).data.status).toBe('duplicate');
});

test('the webhook says that it listens', { tag: ['@mono', '@readonly'] }, async ({ request }) => {
  const answer = await request.get(`${webhook}/test`);
  expect(answer.status()).toBe(200);
  expect(await answer.json()).toMatchObject({ success: true, status: 'healthy' });
});
