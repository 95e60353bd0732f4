import { type Project, readEnvironments } from '../../config/project.ts';
import { messageOf } from '../../errors.ts';
import { exitOf } from '../../gate/verdict.ts';
import { Memory } from '../../notify/memory.ts';
import { type Message, type MessageEvent, newsOf } from '../../notify/message.ts';
import { notify, type Told } from '../../notify/notify.ts';
import type { Statement } from '../../report/schema.ts';
import { systemClock } from '../clock.ts';
import type { Io } from '../command.ts';
import { oneLine } from '../paint.ts';

export interface Tidings {
  event: MessageEvent;
  missing: readonly { role: string; count: number }[];
  rejected?: NonNullable<Message['rejected']>;
}

/** Tells what an environment lists under `notify`, each once. It never fails: what could not be told is on stderr. */
export async function tell(
  io: Io,
  project: Project,
  statement: Statement,
  tidings: Tidings,
): Promise<Told[]> {
  const { run, environment, items } = statement.predicate;
  // Once all is answered other people wait: those who sign.
  const answers = tidings.event === 'waiting' && items.some(({ state }) => state === 'pending');
  const news = [tidings.event, answers && 'answers', tidings.rejected?.item, tidings.rejected?.by]
    .filter(Boolean)
    .join(':');
  try {
    const { all } = await readEnvironments(project.root);
    const declared = Object.hasOwn(all, environment.name) ? all[environment.name] : undefined;
    if (!declared?.notify) return [];
    const memory = await Memory.open(project.state);
    const told = await notify(newsOf(statement, tidings), {
      environment: declared,
      root: project.root,
      env: io.env,
      clock: systemClock,
      signal: io.signal,
      skip: memory.told(run.id, news),
    });
    const heard = told.filter(({ problem }) => problem === undefined).map(({ target }) => target);
    if (heard.length > 0) await memory.remember(run.id, news, heard);
    for (const { target, problem } of told) if (problem !== undefined) complain(io, `${target}: ${problem}`);
    return told;
  } catch (thrown) {
    complain(io, messageOf(thrown));
    return [{ target: 'notify', problem: messageOf(thrown) }];
  }
}

/** At the end of a run: who has to answer or to sign. Where people can't help, nobody is called. */
export async function tellOfRun(io: Io, project: Project, statement: Statement): Promise<void> {
  const { decision, items, policy } = statement.predicate;
  const waits = items.some(({ state }) => state === 'pending') || exitOf(decision) === 0;
  if (waits && decision !== 'NO_GO')
    await tell(io, project, statement, { event: 'waiting', missing: policy.require });
}

function complain(io: Io, text: string): void {
  io.stderr.write(`telling failed, ${oneLine(text)}\n`);
}
