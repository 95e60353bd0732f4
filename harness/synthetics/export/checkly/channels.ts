import type { AlertChannel } from '../../schema.ts';
import { type Exportable, type Loss, wholeFile } from '../define.ts';
import { alertingAt } from '../one-alert.ts';
import { variableOf } from '../templates.ts';

export interface ChannelConstruct {
  /** Of the construct, and of the constant that holds it. */
  id: string;
  construct: 'SlackAlertChannel' | 'PagerdutyAlertChannel' | 'WebhookAlertChannel' | 'EmailAlertChannel';
  /** Values; a `{ variable }` is read from the environment of whoever deploys the constructs. */
  props: Record<string, unknown>;
}

/** The channels of a file as constructs; what else it says about alerting becomes losses. */
export function channelsOf(definition: Exportable, losses: Loss[]): ChannelConstruct[] {
  const made: ChannelConstruct[] = [];
  const channel = (each: AlertChannel) => {
    const answer = constructOf(each, `channel${made.length + 1}`);
    if ('why' in answer) return answer;
    made.push(answer);
    if (each.secret !== undefined && variableOf(each.secret) !== each.secret) loseHyphen(each.secret, losses);
    return { said: answer.id };
  };
  alertingAt(definition, { service: 'Checkly', rules: [], channel }, losses);
  return made;
}

/** The API knows channels by numbers of its own: which of them a check has is decided there. */
export function loseChannels(definition: Exportable, losses: Loss[]): void {
  const channel = () => ({ why: 'the API has channels of its own; who is told is decided there' });
  alertingAt(definition, { service: 'Checkly', rules: [], channel }, losses);
}

function constructOf(
  { type, channel, secret, name }: AlertChannel,
  id: string,
): ChannelConstruct | { why: string } {
  if (type === 'email' && channel?.includes('@'))
    return { id, construct: 'EmailAlertChannel', props: { address: channel } };
  if (secret === undefined) return { why: 'Checkly needs the secret with its URL or key' };
  const variable = { variable: variableOf(secret) };
  if (type === 'slack') {
    const props = { url: variable, ...(channel === undefined ? {} : { channel }) };
    return { id, construct: 'SlackAlertChannel', props };
  }
  if (type === 'pagerduty')
    return { id, construct: 'PagerdutyAlertChannel', props: { serviceKey: variable } };
  if (type === 'webhook')
    return {
      id,
      construct: 'WebhookAlertChannel',
      props: { name: name ?? id, url: variable, method: 'POST' },
    };
  return { why: 'Checkly has no channel of this type' };
}

function loseHyphen(secret: string, losses: Loss[]): void {
  losses.push({
    check: wholeFile,
    field: 'secret',
    said: secret,
    became: variableOf(secret),
    why: 'a variable has no hyphen in its name',
  });
}
