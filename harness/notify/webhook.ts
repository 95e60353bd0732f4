import { createHmac } from 'node:crypto';
import { version } from '../version.ts';
import type { Post } from './deliver.ts';
import type { Message } from './message.ts';

/** One POST. The HMAC is over the body as it is sent; time and delivery stand in the body, too, so it covers them. */
export function webhookPost(target: { url: string; secret: string }, message: Message): Post {
  const body = JSON.stringify(message);
  return {
    url: target.url,
    body,
    headers: {
      'content-type': 'application/json',
      'user-agent': `countersign/${version()}`,
      'x-countersign-event': message.event,
      'x-countersign-delivery': message.delivery,
      'x-countersign-timestamp': message.sent_at,
      'x-countersign-signature': `sha256=${createHmac('sha256', target.secret).update(body).digest('hex')}`,
    },
  };
}
