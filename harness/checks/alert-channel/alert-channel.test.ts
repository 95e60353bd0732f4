import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../commands/clock.ts';
import { CountersignError } from '../../errors.ts';
import { createAlertmanager } from '../../sources/alertmanager.ts';
import type { AlertmanagerSource } from '../../sources/define.ts';
import { createHttp } from '../../sources/http.ts';
import { type TestContextOptions, testContext } from '../../testing/context.ts';
import { startAlertmanager, until } from '../../testing/prometheus.ts';
import { kindContract } from '../contract.ts';
import alertChannel from './alert-channel.ts';

type ChannelOptions = Parameters<typeof alertChannel.measure>[0];
interface Message {
  body: { status: string; receiver: string; alerts: { labels: Record<string, string> }[] };
}

const config = (url: string) => `
route:
  receiver: nobody
  group_by: ['...']
  group_wait: 1ms
  routes: [{ matchers: ['severity="critical"'], receiver: pager }]
receivers:
  - name: nobody
  - name: pager
    webhook_configs: [{ url: '${url}' }]
`;

let server: Server;
let pagerUrl: string;
let alertmanager: { url: string; stop(): Promise<void> };
/** What the pager answers when it is asked; `undefined` is what it got. */
let listed: (() => string) | undefined;
let received: Message[] = [];

beforeAll(async () => {
  server = createServer(async (request, response) => {
    if (request.method === 'POST') received.push({ body: JSON.parse(await text(request)) });
    response.end(listed ? listed() : JSON.stringify({ messages: received }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  pagerUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  alertmanager = await startAlertmanager(config(pagerUrl));
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await alertmanager?.stop();
});
beforeEach(() => {
  listed = undefined;
  received = [];
});

const options: ChannelOptions = {
  labels: { severity: 'critical' },
  arrival: { path: '/received', pointer: '/messages' },
  within: '20s',
};

let runs = 0;
function context(more: TestContextOptions = {}, pager = pagerUrl) {
  runs += 1;
  return testContext({
    clock: systemClock,
    runId: `run-${runs}`,
    ...more,
    sources: {
      alertmanager: async () => createAlertmanager({ name: 'alertmanager', url: alertmanager.url }),
      http: async () => createHttp({ name: 'pager', url: pager, clock: systemClock }),
    },
  });
}

const measure = async (given: Partial<ChannelOptions> = {}, used = context()) =>
  (await alertChannel.measure({ ...options, ...given }, used)).facts;
const held = () => createAlertmanager({ name: 'alertmanager', url: alertmanager.url }).alerts();

describe('D5: alert-channel', () => {
  it('sends a marked alert, sees it arrive, and ends it', async () => {
    const used = context();
    const facts = await measure({}, used);
    expect(facts).toMatchObject({
      marker: `run-${runs}-test-item`,
      receivers: ['pager'],
      arrived: true,
      resolved: true,
      problem: '',
      message: { body: { status: 'firing', receiver: 'pager' } },
    });
    const { labels } = (facts.message as Message).body.alerts[0] ?? { labels: {} };
    expect(labels).toEqual({
      alertname: 'AlertChannelTest',
      channel_test: facts.marker,
      severity: 'critical',
    });
    expect(JSON.parse(used.artifacts.get('message.json') ?? '')).toEqual(facts.message);
    expect(await held()).toEqual([]);
  });

  it('tells where an alert went that did not arrive, and ends it', async () => {
    expect(await measure({ labels: { severity: 'low' }, within: '1s' })).toMatchObject({
      receivers: ['nobody'],
      arrived: false,
      resolved: true,
      problem: expect.stringMatching(
        /^the alert was routed to nobody and did not arrive within [12][.0-9]* s$/,
      ),
    });
    expect(await held()).toEqual([]);
  });

  it('tells that a silence keeps it back', async () => {
    const matchers = [{ name: 'alertname', value: 'AlertChannelTest', isRegex: false, isEqual: true }];
    const silence = { matchers, startsAt: new Date(), endsAt: new Date(Date.now() + 60_000) };
    const body = JSON.stringify({ ...silence, createdBy: 'test', comment: 'test' });
    const headers = { 'content-type': 'application/json' };
    const made = await fetch(`${alertmanager.url}/api/v2/silences`, { method: 'POST', headers, body });
    const { silenceID } = (await made.json()) as { silenceID: string };
    try {
      expect(await measure({ within: '2s' })).toMatchObject({
        arrived: false,
        problem: 'a silence or an inhibition keeps the alert from pager',
      });
    } finally {
      await fetch(`${alertmanager.url}/api/v2/silence/${silenceID}`, { method: 'DELETE' });
    }
  });

  it('asks again where a single answer was bad', async () => {
    let bad = 0;
    listed = () => {
      const late = received.length > 0 && bad++ < 2;
      return late ? '<html>' : JSON.stringify({ messages: received });
    };
    expect(await measure()).toMatchObject({ arrived: true });
    expect(bad).toBeGreaterThan(2);
  });

  it('does not take the message of another item of the run for its own', async () => {
    listed = () => JSON.stringify({ messages: [`run-${runs}-test-item-two`] });
    expect(await measure({ within: '1s' })).toMatchObject({ arrived: false });
  });

  describe('with an Alertmanager that is away for a moment', () => {
    const real = () => createAlertmanager({ name: 'alertmanager', url: alertmanager.url });
    const away = new CountersignError('SOURCE_UNREACHABLE', 'away');
    const used = (more: Partial<ReturnType<typeof real>>) => {
      const given = context();
      const sources = { ...given.sources, alertmanager: async () => ({ ...real(), ...more }) };
      return { ...given, sources };
    };

    it('asks again', async () => {
      let asked = 0;
      const alerts = async (signal?: AbortSignal) => {
        asked += 1;
        if (asked === 1) throw away;
        return real().alerts(signal);
      };
      expect(await measure({}, used({ alerts }))).toMatchObject({ arrived: true, resolved: true });
    });

    it('ends an alert that it took without saying so', async () => {
      let sent = 0;
      const send: AlertmanagerSource['send'] = async (alerts, signal) => {
        await real().send(alerts, signal);
        sent += 1;
        if (sent === 1) throw away;
      };
      await expect(measure({}, used({ send }))).rejects.toMatchObject({ code: 'SOURCE_UNREACHABLE' });
      expect(sent).toBe(2);
      expect(await held()).toEqual([]);
    });
  });

  it.each([
    ['is not there', () => '{}', 'no list at `/messages`'],
    ['holds the marker already', () => `{"messages": ["run-${runs}-test-item"]}`, 'is there already'],
  ])('sends nothing when the list %s', async (_case, answer, message) => {
    listed = answer;
    await expect(measure()).rejects.toMatchObject({
      code: 'SOURCE_ANSWER',
      message: expect.stringContaining(message),
    });
    expect(await held()).toEqual([]);
  });

  it('is an error, not a failure, when the list cannot be read until the end', async () => {
    let asked = 0;
    listed = () => (asked++ === 0 ? '{"messages": []}' : '<html>');
    await expect(measure({ within: '1s' })).rejects.toMatchObject({ code: 'SOURCE_ANSWER' });
    expect(await held()).toEqual([]);
  });

  it('ends the alert when it is told to stop', async () => {
    const stop = new AbortController();
    listed = () => '{"messages": []}';
    const measuring = measure({}, context({ signal: stop.signal }));
    const stopped = expect(measuring).rejects.toMatchObject({ code: 'TIMED_OUT' });
    await until(async () => (await held()).length > 0);
    stop.abort();
    await stopped;
    expect(await held()).toEqual([]);
  });

  it('keeps the labels that tell the alert apart to itself', () => {
    const reported: string[] = [];
    const labels = { alertname: 'X', channel_test: 'y', severity: 'z' };
    const report = (path: readonly (string | number)[]) => void reported.push(path.join('/'));
    alertChannel.lint?.({ ...options, labels }, { root: '.', environment: undefined, report });
    expect(reported).toEqual(['labels/alertname', 'labels/channel_test']);
  });
});

const withSecret = { ...options, annotations: { note: '${secret.PLANTED}' } };

kindContract(alertChannel, {
  working: {
    options: withSecret,
    makeContext: ({ secrets, signal }) => context({ secrets, signal }),
  },
  hanging: {
    options: withSecret,
    makeContext: ({ secrets, signal }) => {
      listed = () => '{"messages": []}';
      return context({ secrets, signal });
    },
  },
  unreachable: {
    options: withSecret,
    makeContext: ({ secrets, signal }) => context({ secrets, signal }, 'http://127.0.0.1:1'),
  },
});
