import type { Check } from '../../definition.ts';
import type { AlertChannel } from '../../schema.ts';
import type { Ledger } from '../ledger.ts';

/** Whom a message of Datadog tells. Keys and addresses are kept by its integrations. */
export function mentionOf({ type, channel, name }: AlertChannel): { said: string } | { why: string } {
  if (type === 'slack' && channel !== undefined) return { said: `@slack-${channel.replace(/^#/, '')}` };
  if (type === 'pagerduty') return { said: name === undefined ? '@pagerduty' : `@pagerduty-${name}` };
  if (type === 'webhook' && name !== undefined) return { said: `@webhook-${name}` };
  if (type === 'email' && channel?.includes('@')) return { said: `@${channel}` };
  return { why: 'Datadog tells those whom a message names: a channel, a name or an address is missing' };
}

/** Tags, and labels as `key:value`, in the form in which Datadog keeps them. */
export function tagsOf(ledger: Ledger<Check>): string[] {
  const kept = (field: 'tags' | 'labels', at: string, said: string) => {
    const tag = normalised(said);
    if (tag !== said)
      ledger.lose(`${field}.${at}` as 'tags', said, 'Datadog keeps tags in small letters', tag);
    return tag;
  };
  const tags = ledger.take('tags').map((tag, index) => kept('tags', String(index), tag));
  const labels = Object.entries(ledger.take('labels')).map(([key, value]) =>
    kept('labels', key, `${key}:${value}`),
  );
  return [...new Set([...tags, ...labels])];
}

const longestTag = 200;

function normalised(tag: string): string {
  return tag
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\-:./]/gu, '_')
    .slice(0, longestTag);
}
