import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';

const program = fileURLToPath(new URL('./server.ts', import.meta.url));

function start(env: Record<string, string>, args: string[] = []) {
  const child = spawn(process.execPath, [program, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

describe('the simulator as a program', () => {
  it('tells its address, takes its accounts from the environment, logs without ids, ends on SIGTERM', async () => {
    const child = start({
      SIM_ACCOUNTS: '[{"id":"acc_1","rows":1000000}]',
      SIM_SECRET_KEY: 'test_sk_9',
      SIM_LOG: 'stdout',
    });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    const first = JSON.parse(String((await lines.next()).value));
    expect(first).toMatchObject({ event: 'simulator.listening', payload: { simulator: 'mono' } });
    const answer = await fetch(`${first.payload.url}/v2/accounts/acc_1/transactions?limit=1&page=1000000`, {
      headers: { 'mono-sec-key': 'test_sk_9' },
    });
    expect(await answer.json()).toMatchObject({ meta: { total: 1_000_000, next: null } });
    const logged = String((await lines.next()).value);
    expect(JSON.parse(logged)).toMatchObject({
      payload: { route: '/v2/accounts/:id/transactions', status: 200 },
    });
    expect(logged).not.toMatch(/acc_1|test_sk/);
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it.each([
    [{ PORT: 'x' }, 'PORT'],
    [{ SIM_ACCOUNTS: '[{"id":"a b","rows":1}]' }, 'SIM_ACCOUNTS'],
    [{ SIM_ANCHOR: 'yesterday' }, 'SIM_ANCHOR'],
  ])('refuses %j with one line that names the variable', async (env, name) => {
    const child = start(env as Record<string, string>);
    const said = createInterface(child.stderr)[Symbol.asyncIterator]();
    expect((await said.next()).value).toMatch(new RegExp(`^mono simulator: .*${name}`));
    expect((await once(child, 'exit'))[0]).toBe(2);
  });

  it('has help', async () => {
    const child = start({}, ['--help']);
    const said = createInterface(child.stdout)[Symbol.asyncIterator]();
    expect((await said.next()).value).toContain('simulation of Mono');
  });
});
