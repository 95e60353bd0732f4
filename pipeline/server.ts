import { parseArgs } from 'node:util';
import { buildApp } from '#pipeline/app.ts';
import { loadConfig } from '#pipeline/config.ts';
import { describeConfig } from '#pipeline/config-help.ts';
import { textOf } from '#pipeline/runtime/errors.ts';

const help = `Usage: node pipeline/server.ts

Serves until SIGTERM or SIGINT, then finishes what is under way (DRAIN_TIMEOUT_MS) and ends. Settings come from the
environment; NAME_FILE reads any of them from a file. The schema comes from node scripts/migrate.ts.

${describeConfig()}`;

function isHelpWanted(): boolean {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  return values.help === true;
}

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const app = await buildApp({ config, env: process.env });
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
  if (isHelpWanted()) process.stdout.write(help);
  else main().catch((error) => fail(error, 1));
} catch (error) {
  fail(error, 2);
}
