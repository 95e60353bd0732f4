import { createHash } from 'node:crypto';
import type { Environment } from '../config/environments.ts';
import type { NotifyTarget } from '../config/notify-targets.ts';
import { type ResolveOptions, resolveEnvironment } from '../config/resolve.ts';
import { messageOf } from '../errors.ts';
import { Redactor } from '../gate/redact.ts';
import { type DeliveryOptions, deliver } from './deliver.ts';
import type { Message, News } from './message.ts';
import { slackPost } from './slack.ts';
import { webhookPost } from './webhook.ts';

export interface NotifyOptions extends DeliveryOptions, Pick<ResolveOptions, 'root' | 'env'> {
  environment: Environment;
  /** Targets that were told of this before. */
  skip?: ReadonlySet<string>;
}

/** What became of one target; `problem` is redacted and names no address. */
export interface Told {
  /** `webhook 1`: its kind and its place in the list. */
  target: string;
  problem?: string;
}

/** Tells every target of an environment. Never throws: what could not be told is in the answer. */
export async function notify(news: News, options: NotifyOptions): Promise<Told[]> {
  const targets = (options.environment.notify ?? []).map((target, index) => ({
    target,
    name: `${target.kind} ${index + 1}`,
  }));
  const due = targets.filter(({ name }) => !options.skip?.has(name));
  return Promise.all(
    due.map(async ({ target, name }) => {
      const problem = await tell(target, name, news, options);
      return problem === undefined ? { target: name } : { target: name, problem };
    }),
  );
}

async function tell(
  target: NotifyTarget,
  name: string,
  news: News,
  options: NotifyOptions,
): Promise<string | undefined> {
  const redactor = new Redactor();
  try {
    // Its variables and sources may need a stack that runs no more: a target is made of secrets alone.
    const { text } = await resolveEnvironment(
      { ...options.environment, vars: {}, sources: {} },
      { root: options.root, env: options.env, onSecret: (value) => redactor.add(value) },
    );
    const url = await text(target.url);
    redactor.add(url);
    const told = redactor.json(news);
    const message: Message = {
      ...told,
      delivery: createHash('sha256')
        .update(JSON.stringify([name, told]))
        .digest('hex')
        .slice(0, 32),
      sent_at: options.clock.now().toISOString(),
    };
    const post =
      target.kind === 'slack'
        ? slackPost({ url }, message)
        : webhookPost({ url, secret: await text(target.secret) }, message);
    await deliver(post, options);
    return undefined;
  } catch (thrown) {
    return redactor.text(messageOf(thrown));
  }
}
