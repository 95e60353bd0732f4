import type { Post } from './deliver.ts';
import type { Message } from './message.ts';

const heads = { waiting: 'waits for you', rejected: 'was rejected', expiring: 'is about to expire' } as const;
/** Slack's own limits for a header and for one text of a section. */
const LONGEST_HEAD = 150;
const LONGEST_TEXT = 3_000;

/** What Slack's incoming webhooks take: `text` for notifications, `blocks` for the channel. */
export function slackPost(target: { url: string }, message: Message): Post {
  const { title, event, text, next, run, commit, environment } = message;
  const about = [environment, run, ...(commit ? [commit.slice(0, 12)] : [])].map(escaped).join(' · ');
  const payload = {
    text: escaped(text),
    blocks: [
      {
        type: 'header',
        text: { type: 'plain_text', text: `${title} ${heads[event]}`.slice(0, LONGEST_HEAD) },
      },
      {
        type: 'section',
        text: { type: 'mrkdwn', text: `${escaped(text)}\n\`${escaped(next)}\``.slice(0, LONGEST_TEXT) },
      },
      { type: 'context', elements: [{ type: 'mrkdwn', text: about.slice(0, LONGEST_TEXT) }] },
    ],
  };
  return {
    url: target.url,
    body: JSON.stringify(payload),
    headers: { 'content-type': 'application/json; charset=utf-8' },
  };
}

/** Slack reads `<…>` as links and mentions: text of others must not ring everybody. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
