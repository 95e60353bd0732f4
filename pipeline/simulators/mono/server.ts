import { appendFileSync } from 'node:fs';
import { optionsFromEnv } from './options.ts';
import { startMonoSimulator } from './start.ts';

const usage = `Serves a simulation of Mono's v2 API on this machine.

  node pipeline/simulators/mono/server.ts

  PORT                default 0: a free port, told on stdout
  HOST                default 127.0.0.1
  SIM_SECRET_KEY      the mono-sec-key that is accepted
  SIM_WEBHOOK_SECRET  signs the webhooks that it sends
  SIM_SEED            another seed gives other rows
  SIM_ACCOUNTS        JSON list of accounts, or a file with one: [{"id":"acc_1","rows":1000000}]
  SIM_ANCHOR          when the newest seeded rows were booked, RFC 3339
  SIM_LOG             \`stdout\`, or a file to add to: one JSON line for each request
`;

const writeLine = (line: string) => void process.stdout.write(`${line}\n`);
const logTo = (target: string) =>
  target === 'stdout' ? writeLine : (line: string) => appendFileSync(target, `${line}\n`);

async function serve(): Promise<void> {
  const simulator = await startMonoSimulator(optionsFromEnv(process.env, logTo));
  const event = { event: 'simulator.listening', payload: { simulator: 'mono', url: simulator.url } };
  writeLine(JSON.stringify({ ts: new Date().toISOString(), ...event }));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void simulator.close());
  }
}

if (process.argv.includes('--help')) {
  process.stdout.write(usage);
} else {
  await serve().catch((error: Error) => {
    process.stderr.write(`mono simulator: ${error.message}\n`);
    process.exitCode = 2;
  });
}
