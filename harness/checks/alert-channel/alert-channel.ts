import { setTimeout as pause } from 'node:timers/promises';
import { parseDuration } from '../../config/duration.ts';
import { messageOf } from '../../errors.ts';
import type { AlertmanagerSource, SentAlert } from '../../sources/define.ts';
import { type Static, Type } from '../../type.ts';
import { Anything, type CheckContext, DurationText, defineCheck, Instant, Options } from '../define.ts';
import { guard, redactFacts } from '../guard.ts';
import { interpolate, lintTemplates } from '../interpolate.ts';
import { type Arrival, ArrivalSchema, findArrival, refuseFormerArrival } from './arrival.ts';

const Texts = Type.Record(Type.String({ pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$' }), Type.String());

const AlertChannelOptions = Options({
  alertmanager: Type.Optional(Type.String({ description: 'name of an Alertmanager of the environment' })),
  labels: Type.Optional({
    ...Texts,
    description: 'of the alert, besides its name and marker: they route it',
  }),
  annotations: Type.Optional({ ...Texts, description: 'default: a summary saying that nothing is wrong' }),
  arrival: ArrivalSchema,
  within: Type.Optional(
    DurationText({
      description: 'time that it may take to arrive; default 45s, since groups often wait 30s',
    }),
  ),
});

type Settings = Static<typeof AlertChannelOptions>;

const nameLabel = 'alertname';
const markerLabel = 'channel_test';
const pollMs = 250;
/** An alert that nobody could end, because this process was killed, ends by itself so long after its time. */
const spareMs = 60_000;
const endingMs = 10_000;

export default defineCheck({
  kind: 'alert-channel',
  summary: 'Send one marked alert through Alertmanager and see it arrive where people are called',
  options: AlertChannelOptions,
  facts: Type.Object({
    marker: Type.String({ description: 'the run and the item, as the label `channel_test` of the alert' }),
    sent_at: Instant(),
    receivers: Type.Array(Type.String(), { description: 'where Alertmanager routes it' }),
    arrived: Type.Boolean(),
    seconds: Type.Number({ description: 'from sending until it was seen, or until waiting ended' }),
    message: Type.Optional(Anything({ description: 'the first message with the marker' })),
    resolved: Type.Boolean({ description: 'Alertmanager no longer holds it' }),
    problem: Type.String({ description: 'why it is not known to arrive, else empty' }),
  }),
  expect: ['problem == ""', 'arrived', 'resolved'],
  effects: 'writes',
  lint(options, context) {
    lintTemplates(options, context);
    for (const name of [nameLabel, markerLabel]) {
      if (options.labels?.[name] !== undefined)
        context.report(['labels', name], 'the check itself sets this label');
    }
  },
  measure: (options, context) => guard(context, 'SOURCE_ANSWER', () => measure(options, context)),
});

async function measure(options: Settings, context: CheckContext) {
  const filled = await interpolate(options, context);
  const alertmanager = await context.sources.alertmanager(filled.alertmanager);
  const marker = `${context.runId}-${context.item}`;
  const withinMs = parseDuration(filled.within ?? '45s');
  await refuseFormerArrival(filled.arrival, marker, context);
  const alert = alertOf(filled, marker, context.clock.now(), withinMs + spareMs);
  const outcome: Outcome = { receivers: [], seconds: 0, problem: '' };
  let resolved = false;
  try {
    await alertmanager.send([alert], context.signal);
    await waitForArrival({ alertmanager, marker, withinMs, arrival: filled.arrival, context }, outcome);
  } finally {
    resolved = await end(alertmanager, alert, context);
  }
  const { message, ...seen } = outcome;
  const facts = {
    marker,
    sent_at: alert.startsAt.toISOString(),
    ...seen,
    arrived: message !== undefined,
    ...(message === undefined ? {} : { message }),
    resolved,
  };
  return { facts: redactFacts(facts, context.redact) };
}

function alertOf({ labels, annotations }: Settings, marker: string, now: Date, livesMs: number): SentAlert {
  const summary = `Test of the alert channel: nothing is wrong (${marker})`;
  return {
    labels: { ...labels, [nameLabel]: 'AlertChannelTest', [markerLabel]: marker },
    annotations: { summary, ...annotations },
    startsAt: now,
    endsAt: new Date(now.getTime() + livesMs),
  };
}

interface Waiting {
  alertmanager: AlertmanagerSource;
  marker: string;
  withinMs: number;
  arrival: Arrival;
  context: CheckContext;
}

interface Outcome {
  receivers: string[];
  seconds: number;
  problem: string;
  message?: unknown;
}

/** Fills `outcome`. A source that fails meanwhile is asked again: only at the end does its failure count. */
async function waitForArrival(waiting: Waiting, outcome: Outcome): Promise<void> {
  const { marker, withinMs, arrival, context } = waiting;
  const started = context.clock.monotonic();
  let failure: unknown;
  let state = '';
  for (;;) {
    try {
      const held = await heldAlert(waiting.alertmanager, marker, context.signal);
      if (held) {
        outcome.receivers = held.receivers;
        state = held.state;
      }
      outcome.message = await findArrival(arrival, marker, context);
      failure = undefined;
    } catch (thrown) {
      context.signal.throwIfAborted();
      failure = thrown;
    }
    outcome.seconds = Math.round(context.clock.monotonic() - started) / 1000;
    if (outcome.message !== undefined) return;
    if (context.clock.monotonic() - started >= withinMs) break;
    context.progress(`${Math.round(outcome.seconds)} s, ${outcome.receivers.join(', ') || 'not routed yet'}`);
    await pause(pollMs, undefined, { signal: context.signal });
  }
  if (failure !== undefined) throw failure;
  outcome.problem = whyNot(outcome, state);
}

function whyNot({ receivers, seconds }: Outcome, state: string): string {
  if (receivers.length === 0) return 'Alertmanager took the alert but does not hold it';
  const where = receivers.join(', ');
  if (state === 'suppressed') return `a silence or an inhibition keeps the alert from ${where}`;
  return `the alert was routed to ${where} and did not arrive within ${seconds} s`;
}

async function heldAlert(alertmanager: AlertmanagerSource, marker: string, signal: AbortSignal) {
  const held = await alertmanager.alerts(signal);
  return held.find(({ labels }) => labels[markerLabel] === marker);
}

/** Also after Ctrl-C: nobody should be called by a test that is over. */
async function end(
  alertmanager: AlertmanagerSource,
  alert: SentAlert,
  context: CheckContext,
): Promise<boolean> {
  const signal = AbortSignal.timeout(endingMs);
  const marker = alert.labels[markerLabel] ?? '';
  try {
    await alertmanager.send([{ ...alert, endsAt: context.clock.now() }], signal);
    while (await heldAlert(alertmanager, marker, signal)) await pause(pollMs, undefined, { signal });
    return true;
  } catch (thrown) {
    context.log(`the test alert could not be ended: ${context.redact(messageOf(thrown))}`);
    return false;
  }
}
