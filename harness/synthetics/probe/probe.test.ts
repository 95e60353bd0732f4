import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CountersignError } from '../../errors.ts';
import { type BadServer, startBadServer } from '../../testing/bad-server.ts';
import { type ProbeContextOptions, probeContext } from '../../testing/probe-context.ts';
import type { SyntheticCheck } from '../check-schema.ts';
import { meaningOf } from './find-host.ts';
import { Failure } from './looking.ts';
import { probe } from './probe.ts';

let server: BadServer;
beforeAll(async () => {
  server = await startBadServer();
});
afterEach(() => server.answerWith(undefined));
afterAll(() => server.close());

const check = (more: Partial<SyntheticCheck> = {}): SyntheticCheck =>
  ({
    name: 'health',
    url: `${server.url}/health`,
    retries: { count: 2, delay: '1ms' },
    ...more,
  }) as SyntheticCheck;

function failFirst(times: number): void {
  let left = times;
  server.answerWith(({ answer }) => {
    left -= 1;
    answer.writeHead(left >= 0 ? 503 : 200).end();
  });
}

describe('retries', () => {
  it('make a check flaky that passes after a failure, and keep why it failed', async () => {
    failFirst(2);
    const found = await probe(check(), probeContext());
    expect(found.state).toBe('flaky');
    expect(found.attempts.map(({ state }) => state)).toEqual(['failed', 'failed', 'passed']);
    expect(found.reason).toMatch(
      /^passed at attempt 3 only; before that: GET .* answered 503 Service Unavailable/,
    );
  });

  it('end with the last attempt when none passed', async () => {
    failFirst(9);
    const found = await probe(check(), probeContext());
    expect(found.state).toBe('failed');
    expect(found.reason).toMatch(/answered 503 .*, at the last of 3 attempts$/);
  });

  it('are not made when the first attempt passed', async () => {
    expect((await probe(check(), probeContext())).attempts).toHaveLength(1);
  });

  it('do not hold against a target what the prober could not do', async () => {
    let left = 1;
    const value = async () => {
      left -= 1;
      if (left < 0) return server.url;
      throw new CountersignError('SECRET_MISSING', 'the vault is closed');
    };
    const found = await probe(check({ url: '${BASE_URL}/health' }), probeContext({ value }));
    expect(found.attempts.map(({ state }) => state)).toEqual(['error', 'passed']);
    expect(found.state).toBe('passed');
  });
});

describe('an error', () => {
  const stateOf = async (more: Partial<SyntheticCheck>, options: ProbeContextOptions = {}) => {
    const { state, reason } = await probe(
      check({ retries: undefined, ...more } as never),
      probeContext(options),
    );
    return `${state}: ${reason}`;
  };

  it.each(['EMFILE', 'ENOMEM', 'ENETUNREACH'])('is what the lack of this machine gives: %s', async (code) => {
    const lookUp: ProbeContextOptions['lookUp'] = (_host, done) =>
      done(Object.assign(new Error(code), { code }), []);
    const said = await stateOf({ url: 'http://shop.example/' }, { lookUp });
    expect(said).toMatch(
      /^error: GET http:\/\/shop.example\/ could not be asked: this (process|machine) has no /,
    );
  });

  it('is a name server that does not answer; one with bad news is not', () => {
    for (const answer of ['ETIMEOUT', 'ECONNREFUSED', 'OK']) {
      expect(meaningOf(answer, 'shop.example')).toBeInstanceOf(CountersignError);
    }
    for (const answer of ['ENOTFOUND', 'ENODATA', 'ESERVFAIL', 'EREFUSED']) {
      expect(meaningOf(answer, 'shop.example')).toBeInstanceOf(Failure);
    }
  });

  it('is a name whose look-up never ends: nothing was seen of the target', async () => {
    const said = await stateOf({ url: 'http://shop.example/', timeout: '50ms' }, { lookUp: () => {} });
    expect(said).toBe(
      'error: GET http://shop.example/ could not be asked: this machine did not get the address of shop.example within 50ms',
    );
  });

  it('is a secret that is not there, without a request', async () => {
    const before = server.asked.length;
    expect(await stateOf({ headers: { 'x-key': '${secret.NOPE}' } })).toMatch(
      /^error: check health could not be asked: `\$\{secret.NOPE\}` is not known$/,
    );
    expect(server.asked).toHaveLength(before);
  });

  it('is a header that HTTP can not carry, and its value is not shown', async () => {
    const said = await stateOf({ headers: { 'x-key': 'two\nlines' } });
    expect(said).toMatch(/^error: .* the header `x-key` holds what HTTP does not allow$/);
    expect(said).not.toContain('lines');
  });

  it('is a URL that is none', async () => {
    expect(await stateOf({ url: 'ftp://files.example' })).toContain('is no URL of http or https');
  });
});

describe('the signal of the context', () => {
  it('ends a probe at once, in the middle of an answer and in the pause before a retry', async () => {
    for (const path of ['/never', '/500']) {
      const ending = new AbortController();
      const before = server.asked.length;
      const one = check({ url: `${server.url}${path}`, retries: { count: 1, delay: '1h' } });
      const running = probe(one, probeContext({ signal: ending.signal }));
      await expect.poll(() => server.asked.length).toBe(before + 1);
      ending.abort(new CountersignError('INTERRUPTED', 'stopped by the user'));
      await expect(running).rejects.toThrow('stopped by the user');
    }
  });

  it('leaves nothing of a body alive but what is kept of it', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    server.answerWith(({ answer }) => answer.end('x'.repeat(1_000_000)));
    const context = probeContext();
    const used = () => {
      collect();
      return process.memoryUsage().heapUsed / 1_000_000;
    };
    const wrong = check({
      success_criteria: [{ body_contains: 'y' }],
      retries: { count: 1, delay: '1ms' },
    } as never);
    await probe(check(), context);
    const before = used();
    const kept = [];
    for (let count = 0; count < 40; count += 1) kept.push(await probe(count % 2 ? check() : wrong, context));
    expect(used() - before).toBeLessThan(10);
    expect(kept).toHaveLength(40);
  });

  it('serves hundreds of probes at once without a warning', async () => {
    const warned: string[] = [];
    const hear = (warning: Error) => void warned.push(warning.message);
    process.on('warning', hear);
    const context = probeContext();
    const all = await Promise.all(Array.from({ length: 200 }, () => probe(check(), context)));
    process.off('warning', hear);
    expect(new Set(all.map(({ state }) => state))).toEqual(new Set(['passed']));
    expect(warned).toEqual([]);
  });
});
