import { existsSync } from 'node:fs';
import { PostgreSqlContainer } from '@testcontainers/postgresql';
import { getContainerRuntimeClient } from 'testcontainers';

/**
 * One PostgreSQL for the whole test run. TEST_DATABASE_URL names one that is there; else, where Docker runs, it is a
 * container; else this does nothing, and each test file starts the embedded server. The tests are the same.
 */
export default async function setup(): Promise<(() => Promise<void>) | undefined> {
  const { env } = process;
  if (env['TEST_DATABASE_URL'] || !(await hasDocker())) return undefined;
  const image = env['TEST_POSTGRES_IMAGE'] ?? 'postgres:15';
  const container = await new PostgreSqlContainer(image)
    .withUsername('postgres')
    .withCommand(['-c', 'max_connections=300', '-c', 'fsync=off'])
    .start()
    .catch((thrown: Error) => {
      process.stderr.write(
        `Docker runs but gives no ${image} (${thrown.message}): the embedded server it is\n`,
      );
    });
  if (!container) return undefined;
  process.stderr.write(`PostgreSQL of the tests: ${image} in a container\n`);
  env['TEST_DATABASE_URL'] = container.getConnectionUri();
  return async () => {
    delete env['TEST_DATABASE_URL'];
    await container.stop();
  };
}

/** Asked only where there is a socket to ask on: a client that searches costs seconds. */
async function hasDocker(): Promise<boolean> {
  if (!process.env['DOCKER_HOST'] && !existsSync('/var/run/docker.sock')) return false;
  return getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
}
