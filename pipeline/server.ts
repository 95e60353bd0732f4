import { parseArgs } from 'node:util';
import { buildApp } from '#pipeline/app.ts';
import { loadConfig } from '#pipeline/config.ts';
import { describeConfig } from '#pipeline/config-help.ts';
import { textOf } from '#pipeline/runtime/errors.ts';
import { buildWorker } from '#pipeline/worker.ts';

const help = `Usage: node pipeline/server.ts [--worker]

Serves until SIGTERM or SIGINT, then finishes what is under way (DRAIN_TIMEOUT_MS) and ends. Settings come from the
environment; NAME_FILE reads any of them from a file. The schema comes from node scripts/migrate.ts.

  --worker  sends payouts and asks how they stand, and serves /healthz and /metrics only; any number may run

${describeConfig()}`;

const options = { help: { type: 'boolean', short: 'h' }, worker: { type: 'boolean' } } as const;

async function main(isWorker: boolean): Promise<void> {
  const config = loadConfig(process.env);
  const build = isWorker ? buildWorker : buildApp;
  const app = await build({ config, env: process.env });
  const { log } = app.platform;
  const drain = (signal: string) => {
    log.info({ event: 'service.draining', signal }, 'service.draining');
    app.close().then(
      () => process.exit(0),
      (error) => {
        log.error({ err: textOf(error) }, 'the drain failed');
        process.exit(1);
      },
    );
  };
  process.once('SIGTERM', drain);
  process.once('SIGINT', drain);
  const address = await app.http.listen({ port: config.values.PORT, host: config.values.HOST });
  log.info({ event: 'service.listening', address }, 'service.listening');
}

function fail(error: unknown, code: number): never {
  process.stderr.write(`${textOf(error)}\n`);
  process.exit(code);
}

try {
  const { values } = parseArgs({ options });
  if (values.help) process.stdout.write(help);
  else main(values.worker === true).catch((error) => fail(error, 1));
} catch (error) {
  fail(error, 2);
}
