import { buildApp } from '#pipeline/app.ts';
import { loadConfig } from '#pipeline/config.ts';
import { textOf } from '#pipeline/runtime/errors.ts';

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

main().catch((error) => {
  process.stderr.write(`${textOf(error)}\n`);
  process.exit(1);
});
