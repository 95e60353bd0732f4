import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type BadServer,
  type BadSocketServer,
  startBadServer,
  startBadSocketServer,
} from '../../testing/bad-server.ts';
import { makeAuthority } from '../../testing/certificates.ts';
import { lookUpFrom, probeContext } from '../../testing/probe-context.ts';
import type { DnsCheck, TcpCheck, TlsCheck } from '../check-schema.ts';
import { probe } from './probe.ts';

const plain = (reason = '') => reason.replace(/[\d,]+ ms/g, 'N ms').replace(/127\.0\.0\.1:\d+/g, 'HOST');

describe('a tcp probe', () => {
  let server: BadSocketServer;
  beforeAll(async () => {
    server = await startBadSocketServer((socket) => {
      socket.write('220 ready\r\n');
      socket.on('data', (data) => {
        if (String(data).startsWith('QUIT')) socket.end('221 bye\r\n');
        if (String(data).startsWith('FLOOD')) socket.write('x'.repeat(70_000));
      });
    });
  });
  afterAll(() => server.close());

  const run = (more: Partial<TcpCheck> = {}) =>
    probe(
      { name: 'mail', type: 'tcp', host: '127.0.0.1', port: server.port, timeout: '2s', ...more },
      probeContext(),
    );

  it('connects, which is all where nothing is said or expected', async () => {
    expect(await run()).toMatchObject({ state: 'passed', facts: { connected: true, received: '' } });
  });

  it('says what it has to say, and hears all that it waits for', async () => {
    const criteria = [{ received_contains: ['220 ready', '221 bye'] }];
    expect(await run({ send: 'QUIT\r\n', success_criteria: criteria })).toMatchObject({
      state: 'passed',
      facts: { received: '220 ready\r\n221 bye\r\n', received_bytes: 20 },
    });
    expect(await run({ expect: ['received.startsWith("220 ")'] })).toMatchObject({ state: 'passed' });
  });

  it('tells what came instead, when it is closed early and when nothing more comes', async () => {
    const criteria = [{ received_contains: '250 ok' }];
    expect(plain((await run({ send: 'QUIT\r\n', success_criteria: criteria })).reason)).toBe(
      'TCP HOST had the connection closed before "250 ok" came (it begins 220 ready 221 bye) (after N ms)',
    );
    expect(plain((await run({ timeout: '100ms', success_criteria: criteria })).reason)).toBe(
      'TCP HOST was not done within 100ms: it waited for "250 ok" (it begins 220 ready)',
    );
  });

  it('does not listen for ever to somebody who talks and talks', async () => {
    const criteria = [{ received_contains: '250 ok' }];
    expect(plain((await run({ send: 'FLOOD', success_criteria: criteria })).reason)).toContain(
      'sent over 65536 bytes without "250 ok"',
    );
  });

  it('finds nothing listening where nothing listens', async () => {
    const closed = await startBadSocketServer(() => {});
    await closed.close();
    const { state, reason } = await run({ port: closed.port });
    expect(`${state}: ${plain(reason)}`).toBe(
      'failed: TCP HOST found nothing listening at HOST (after N ms)',
    );
  });
});

describe('a tls probe', () => {
  const day = 86_400_000;
  const soon = (days: number) => new Date(Date.now() + days * day);
  const authority = makeAuthority(soon(3_650));
  const stranger = makeAuthority(soon(3_650));
  setDefaultCACertificates([authority.cert]);
  const names = ['shop.example', '127.0.0.1'];
  const made = {
    good: authority.issue({ names, until: soon(30.5) }),
    expired: authority.issue({ names, from: soon(-40), until: soon(-2.5) }),
    strange: stranger.issue({ names, until: soon(30.5) }),
    other: authority.issue({ names: ['blog.example'], until: soon(30.5) }),
  };
  const servers = new Map<string, BadServer>();
  beforeAll(async () => {
    for (const [name, tls] of Object.entries(made)) servers.set(name, await startBadServer({ tls }));
  });
  afterAll(async () => {
    for (const server of servers.values()) await server.close();
  });

  const lookUp = lookUpFrom({ 'shop.example': ['127.0.0.1'] });
  const run = (name: string, more: Partial<TlsCheck> = {}) => {
    const port = servers.get(name)?.port ?? 0;
    const check = {
      name: 'certificate',
      type: 'tls' as const,
      host: 'shop.example',
      port,
      timeout: '5s',
      ...more,
    };
    return probe(check, probeContext({ lookUp }));
  };

  it('tells expiry, chain and name of a good one', async () => {
    const found = await run('good', {
      success_criteria: [{ certificate_days: '>14' }],
      expect: ['certificate.trusted'],
    });
    expect(found).toMatchObject({
      state: 'passed',
      facts: {
        certificate: {
          trusted: true,
          name_matches: true,
          days_left: 30,
          subject: 'shop.example',
          problem: '',
        },
      },
    });
    expect(Object.keys(found.timings)).toEqual(['dns', 'connect', 'tls', 'total']);
  });

  it.each([
    ['expired', /was given a certificate for shop.example that expired 3 days ago, on \d{4}-\d\d-\d\d/],
    ['strange', /was given a certificate for shop.example that can not be trusted: /],
    ['other', /was given a certificate for blog.example and not for shop.example/],
  ])('refuses one that is %s, and tells its facts all the same', async (name, reason) => {
    const found = await run(name);
    expect(found.state).toBe('failed');
    expect(found.reason).toMatch(reason);
    expect(found.facts['certificate']).toMatchObject({ subject: expect.stringMatching(/example$/) });
  });

  it('takes any that is in time where the check says `insecure`', async () => {
    expect(await run('strange', { insecure: true })).toMatchObject({
      state: 'passed',
      facts: { certificate: { trusted: false, name_matches: true } },
    });
    expect((await run('expired', { insecure: true })).reason).toContain(
      'has a certificate that expired 3 days ago',
    );
  });

  it('asks for another name where the check gives one', async () => {
    expect(await run('other', { server_name: 'blog.example' })).toMatchObject({ state: 'passed' });
  });

  it('tells somebody who does not speak TLS', async () => {
    const talker = await startBadSocketServer((socket) => socket.write('hello there\r\n'));
    const { reason } = await run('good', { port: talker.port });
    await talker.close();
    expect(reason).toContain('was not answered in TLS; does shop.example');
  });

  it('is what an https probe does first', async () => {
    const { port } = servers.get('strange') ?? { port: 0 };
    const found = await probe(
      { name: 'check', url: `https://shop.example:${port}/` },
      probeContext({ lookUp }),
    );
    expect(found.reason).toContain('that can not be trusted');
    expect(servers.get('strange')?.asked).toEqual([]);
  });
});

describe('a dns probe', () => {
  let server: Datagrams;
  let at: string;
  beforeAll(async () => {
    server = createSocket('udp4');
    server.on('message', (question, from) => {
      const answer = answerTo(question);
      if (answer) server.send(answer, from.port, from.address);
    });
    server.bind(0, '127.0.0.1');
    await once(server, 'listening');
    at = `127.0.0.1:${server.address().port}`;
  });
  afterAll(() => void server.close());

  const run = (host: string, more: Partial<DnsCheck> = {}) =>
    probe({ name: 'name', type: 'dns', host, server: at, timeout: '3s', ...more }, probeContext());

  it('gives the answers as text, sorted, and judges them', async () => {
    const found = await run('shop.example', {
      success_criteria: [{ answers_equal: ['192.0.2.2', '192.0.2.1'] }],
    });
    expect(found).toMatchObject({ state: 'passed', facts: { answers: ['192.0.2.1', '192.0.2.2'] } });
    const wrong = await run('shop.example', { success_criteria: [{ answers_contain: '192.0.2.9' }] });
    expect(plain(wrong.reason)).toBe(
      'DNS A shop.example at HOST gave 192.0.2.1 and 192.0.2.2, expected 192.0.2.9 among them (after N ms)',
    );
  });

  it.each([
    ['nowhere.example', 'found that there is no name nowhere.example'],
    ['empty.example', 'found that empty.example has no A record'],
    ['broken.example', 'got SERVFAIL: the name servers of broken.example do not answer as they should'],
  ])('tells what is wrong with %s', async (host, reason) => {
    expect(plain((await run(host)).reason)).toBe(`DNS A ${host} at HOST ${reason} (after N ms)`);
  });

  it('fails when the name server that it names is silent, and is an error when that is no address', async () => {
    const silent = await run('silent.example', { timeout: '300ms' });
    expect(silent.state).toBe('failed');
    expect(await run('shop.example', { server: 'ns.example' })).toMatchObject({
      state: 'error',
      reason: expect.stringContaining('`ns.example` is no address of a name server'),
    });
  });
});

/** What a name server says, by the first word of the name; nothing to one that is to be silent. */
function answerTo(question: Buffer): Buffer | undefined {
  const [word] = question.subarray(13).toString('latin1').split('\u0007');
  if (word === 'silent') return undefined;
  const code = { nowhere: 3, broken: 2 }[word ?? ''] ?? 0;
  const addresses = word === 'shop' ? [2, 1] : [];
  const head = Buffer.from(question.subarray(0, 12));
  head.writeUInt16BE(0x8180 | code, 2);
  head.writeUInt16BE(addresses.length, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  const asked = question.subarray(12, question.indexOf(0, 12) + 5);
  const records = addresses.map((last) =>
    Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, last]),
  );
  return Buffer.concat([head, asked, ...records]);
}
