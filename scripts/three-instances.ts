import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { StackState } from '#harness/stack/state.ts';
import { createServiceClient } from '#pipeline/shared/service-client.ts';

/** INSTANCE_ID of each, which is the name of its port too. */
export const instances = ['instance-1', 'instance-2', 'instance-3'] as const;
const flag = 'MONO_TRANSACTIONS_ENABLED';
const path = '/api/v1/admin/flags';

type Instance = (typeof instances)[number];
type Stack = Pick<StackState, 'ports' | 'secrets'>;

interface FlagView {
  flag: string;
  running: boolean;
  overrides: unknown[];
}

function asAdmin({ ports, secrets }: Stack, instance: Instance) {
  return createServiceClient({
    url: `http://127.0.0.1:${ports[instance]}`,
    token: undefined,
    jwtSecret: secrets['JWT_SECRET_KEY'],
    role: 'ADMIN',
    sub: 'local-admin',
  });
}

/** The flag as each instance of the environment `local-production` says that it runs, and who has turned it. */
export function askFlags(stack: Stack): Promise<Pick<FlagView, 'running' | 'overrides'>[]> {
  return Promise.all(
    instances.map(async (instance) => {
      const { status, body } = await asAdmin(stack, instance)('GET', path);
      const flags = (body.data as { flags?: FlagView[] } | undefined)?.flags ?? [];
      const found = flags.find((each) => each.flag === flag);
      if (!found) throw new Error(`${instance} answered ${status} without ${flag}`);
      return { running: found.running, overrides: found.overrides };
    }),
  );
}

/** As declared again, on each: nothing is left of what a run turned. */
export async function resetFlags(stack: Stack): Promise<void> {
  for (const instance of instances) {
    const change = { flag, instance, value: null, reason: 'as declared' };
    const { status } = await asAdmin(stack, instance)('PUT', path, change);
    if (status !== 200) throw new Error(`${instance} answered ${status}`);
  }
}

const leaseMs = 60_000;

/** Until no sync of the account is under way: one whose process has ended blocks it until its lease is over. */
export async function untilNoSync({ secrets }: Stack, accountId: string): Promise<void> {
  const client = new Client({ connectionString: secrets['DATABASE_URL'] });
  await client.connect();
  try {
    for (const deadline = Date.now() + leaseMs; Date.now() < deadline; await pause(200)) {
      const { rowCount } = await client.query(
        `SELECT FROM mono_sync_runs WHERE account_id = $1 AND state = 'running' AND lease_until > now()`,
        [accountId],
      );
      if (rowCount === 0) return;
    }
    throw new Error(`a sync of ${accountId} does not end`);
  } finally {
    await client.end();
  }
}
