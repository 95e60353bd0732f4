import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probe, startBench } from './fixtures/bench.ts';
import latency from './latency.ts';

let bench: Awaited<ReturnType<typeof startBench>>;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

describe('H2: latency keeps its load within bounds', () => {
  it.each([
    [{ vus: 60 }, '60 virtual users, over 50'],
    [{ vus: 3, max_vus: 2 }, '3 virtual users, over 2'],
    [{ duration: '15m' }, 'over 15m'],
    [{ rate: 5, duration: '20s', max_duration: '5s' }, 'over 5s'],
  ])('%o', async (options, why) => {
    await expect(bench.measure(options)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining(why),
    });
  });

  it('when it is the load of the script, too', async () => {
    await bench.add(
      'long.ts',
      probe(`export const options = { stages: [{ duration: '14m', target: 200 }] };`),
    );
    await expect(latency.measure({ script: 'long.ts' }, bench.context())).rejects.toMatchObject({
      message: expect.stringContaining('200 virtual users, over 50'),
    });
    await expect(
      latency.measure({ script: 'long.ts', max_vus: 200, window: '1s' }, bench.context()),
    ).rejects.toMatchObject({ message: expect.stringContaining('a window of 1s is too short') });
  });

  it('on this machine, unless the checklist says otherwise', async () => {
    const at = 'https://staging.example.com';
    await expect(bench.measure({}, bench.context({ at }))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(
      bench.measure({ allow_remote: true }, bench.context({ at, environment: { local: true } })),
    ).rejects.toMatchObject({ code: 'CONFIG_INVALID', hint: expect.stringContaining('local stack') });
  });

  it('of a local stack, whatever the checklist allows elsewhere', async () => {
    const once = { vus: 1, iterations: 1, allow_remote: true };
    const local = () => bench.context({ environment: { local: true } });
    expect(await bench.measure(once, local())).toMatchObject({ requests: 1, errors: 0 });
    await bench.add('away.ts', probe('').replace('${__ENV.BASE_URL}', 'http://192.0.2.1'));
    await expect(bench.measure({ ...once, script: 'away.ts' }, local())).rejects.toMatchObject({
      message: expect.stringContaining('192.0.2.1'),
    });
  });

  it('on this machine, wherever the script itself turns to', async () => {
    await bench.add('away.ts', probe('').replace('${__ENV.BASE_URL}', 'http://192.0.2.1'));
    await expect(bench.measure({ script: 'away.ts', vus: 1, iterations: 1 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('192.0.2.1'),
    });
    await bench.add('away6.ts', probe('').replace('${__ENV.BASE_URL}', 'http://[2001:db8::1]'));
    await expect(bench.measure({ script: 'away6.ts', vus: 1, iterations: 1 })).rejects.toMatchObject({
      message: expect.stringContaining('2001:db8::1'),
    });
  });
});

describe('latency lint', () => {
  it('reports what no run could use', async () => {
    const found: string[] = [];
    const report = (path: readonly (string | number)[], message: string) =>
      void found.push(`${path.join('.')}: ${message}`);
    const options = { script: 'nowhere.ts', window: '500ms', env: { TOKEN: '${nope}' } };
    await latency.lint?.(options, { root: bench.root, environment: undefined, report });
    expect(found).toEqual([
      'env.TOKEN: `${nope}` cannot be filled',
      'script: there is no file `nowhere.ts`',
      'window: `window` is a number of whole seconds',
    ]);
  });
});
