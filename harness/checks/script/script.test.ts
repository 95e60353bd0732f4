import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, kill } from 'node:process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestContextOptions, testContext } from '../../testing/context.ts';
import { kindContract } from '../contract.ts';
import script from './script.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'countersign-script-'));
  await add('echo.mjs', 'console.log(process.env.TOKEN); console.error(process.env.TOKEN);');
  await add('hang.mjs', 'setInterval(() => {}, 1000);');
});
afterAll(() => rm(root, { recursive: true }));

async function add(name: string, text: string): Promise<void> {
  await writeFile(join(root, name), text);
}

const context = (options: TestContextOptions = {}) =>
  testContext({ root, tools: { node: execPath }, ...options });

async function measure(text: string, options = {}, given: TestContextOptions = {}) {
  await add('it.mjs', text);
  const used = context(given);
  const { facts } = await script.measure({ run: 'it.mjs', ...options }, used);
  return { facts, used };
}

describe('script', () => {
  it('reads events and a merged summary from the JSON lines of stdout', async () => {
    const { facts, used } = await measure(`
      console.log('starting');
      console.log(JSON.stringify({ event: 'page.done', n: 1 }));
      console.log(JSON.stringify({ inserted_count: 1, status: 'running' }));
      console.log(JSON.stringify({ event: 'page.done', n: 2 }));
      console.log(JSON.stringify({ status: 'success' }));
      console.log('{broken');`);
    expect(facts).toMatchObject({
      exit_code: 0,
      signal: '',
      events: [
        { event: 'page.done', n: 1 },
        { event: 'page.done', n: 2 },
      ],
      events_total: 2,
      summary: { inserted_count: 1, status: 'success' },
      stdout_lines: 6,
    });
    expect(used.artifacts.get('stdout.txt')).toContain('starting');
  });

  it('keeps integers beyond 2^53 as exact text', async () => {
    const { facts } = await measure(`console.log('{"total": 9007199254740993, "small": 1.5}');`);
    expect(facts.summary).toEqual({ total: '9007199254740993', small: 1.5 });
  });

  it('reports how a program ended as a fact', async () => {
    expect((await measure('process.exit(3)')).facts.exit_code).toBe(3);
    const { facts } = await measure(`process.kill(process.pid, 'SIGTERM'); setInterval(() => {}, 1000);`);
    expect(facts).toMatchObject({ exit_code: -1, signal: 'SIGTERM' });
  });

  it('runs a program that is no script directly, arguments one by one', async () => {
    await add('tool', '#!/bin/sh\nprintf \'{"first":"%s","count":%s}\' "$1" "$#"\n');
    await chmod(join(root, 'tool'), 0o755);
    const { facts } = await script.measure({ run: 'tool', args: ['a b; exit 1', '$HOME'] }, context());
    expect(facts.summary).toEqual({ first: 'a b; exit 1', count: 2 });
  });

  it('hands over only the environment that is named', async () => {
    const { facts } = await measure(
      'console.log(JSON.stringify(process.env))',
      { env: { RUN: '${run.id}', SITE: '${vars.SITE}' } },
      { environment: { vars: { SITE: 'lagos' } } },
    );
    expect(facts.summary).toMatchObject({ RUN: 'test-run', SITE: 'lagos' });
    expect(facts.summary).not.toHaveProperty('VITEST');
  });

  it('refuses to say anything about a program that could not start', async () => {
    await add('not-executable', 'hello');
    for (const run of ['not-executable', 'nowhere']) {
      await expect(script.measure({ run }, context())).rejects.toMatchObject({ code: 'SCRIPT_FAILED' });
    }
  });

  it('ends a program that prints without end, and keeps the beginning', async () => {
    const used = context();
    await add(
      'flood.mjs',
      `process.stdout.on('error', () => {}); setInterval(() => process.stdout.write('x'.repeat(65536)), 1);`,
    );
    await expect(script.measure({ run: 'flood.mjs', max_output: 1000 }, used)).rejects.toMatchObject({
      code: 'EVIDENCE_TOO_LARGE',
    });
    expect(used.artifacts.get('stdout.txt')).toHaveLength(1000);
  });

  it('refuses more events than it may keep instead of dropping some', async () => {
    const text = `for (let n = 0; n < 3; n++) console.log(JSON.stringify({ event: 'e', n }));`;
    await expect(measure(text, { max_events: 2 })).rejects.toMatchObject({ code: 'EVIDENCE_TOO_LARGE' });
    expect((await measure(text, { max_events: 3 })).facts.events_total).toBe(3);
  });

  it('leaves nothing behind that the program started, even if that ignores SIGTERM', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const closed = once(server, 'connection').then(([socket]) => once(socket.resume(), 'close'));
    await add(
      'child.mjs',
      `import { connect } from 'node:net';
       process.on('SIGTERM', () => {});
       connect(Number(process.argv[2]), '127.0.0.1', () => process.send('up'));`,
    );
    await measure(
      `import { fork } from 'node:child_process';
       const child = fork(process.argv[2], [process.argv[3]]);
       child.on('message', () => process.exit());`,
      { args: [join(root, 'child.mjs'), String((server.address() as AddressInfo).port)] },
    );
    await closed;
    server.close();
  });

  it.each([
    ['is silent', 'setInterval(() => {}, 1000)'],
    ['writes on', 'setInterval(() => console.error(1), 50)'],
  ])('does not wait for a program that left its process group and %s', async (_, code) => {
    const { facts } = await measure(
      `import { spawn } from 'node:child_process';
       const options = { detached: true, stdio: 'inherit' };
       const left = spawn(process.execPath, ['-e', ${JSON.stringify(code)}], options);
       console.log(JSON.stringify({ pid: left.pid }));
       left.unref();`,
    );
    kill((facts.summary as { pid: number }).pid);
    expect(facts.exit_code).toBe(0);
  });

  it('reports a script that is not there when linting', async () => {
    const found: string[] = [];
    const report = (_path: unknown, message: string) => void found.push(message);
    await script.lint?.({ run: 'nowhere.mjs' }, { root, environment: undefined, report });
    expect(found).toEqual(['there is no file `nowhere.mjs`']);
  });

  it('reports templates that nothing could fill when linting', async () => {
    const found: string[] = [];
    await script.lint?.(
      { run: 'it.mjs', args: ['${secrets.TOKEN}', '${secret.TOKEN}', '${vars.NOPE}', '$${plain}'] },
      {
        root,
        environment: context().environment,
        report: (path, message) => void found.push(`${path.join('.')}: ${message}`),
      },
    );
    expect(found).toEqual([
      'args.0: `${secrets.TOKEN}` cannot be filled',
      'args.2: `${vars.NOPE}` cannot be filled',
    ]);
  });
});

kindContract(script, {
  working: {
    options: { run: 'echo.mjs', env: { TOKEN: '${secret.PLANTED}' } },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }),
  },
  hanging: {
    options: { run: 'hang.mjs', args: ['${secret.PLANTED}'] },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }),
  },
  unreachable: {
    options: { run: 'nowhere-${secret.PLANTED}' },
    makeContext: ({ secrets, signal }) => context({ secrets, signal }),
  },
});
