import { type DestinationStream, destination } from 'pino';
import { loadConfig } from '#pipeline/config.ts';
import { createPlatform } from '#pipeline/platform.ts';
import { createServiceClient, refusalOf } from '#pipeline/shared/service-client.ts';
import { listEvents, parseRunId, type StoredEvent } from './events.ts';
import { createSyncDeps } from './plugin.ts';
import { type OperationData, runSyncOperation } from './sync-operation.ts';
import { SyncFailedError } from './upstream-errors.ts';

export interface SmokeRequest {
  accountId: string;
  siId: string;
  pageLimit: number;
  env: NodeJS.ProcessEnv;
}

export interface SmokeOutcome {
  events: StoredEvent[];
  /** Null when the run worked. */
  problem: string | null;
  summary: Record<string, unknown>;
}

const base = '/api/v1/si/banking/open-banking/transactions';

/** The running service does the work: what it measured can be scraped. */
export async function smokeOverService(request: SmokeRequest & { url: string }): Promise<SmokeOutcome> {
  const { env, accountId, siId, pageLimit } = request;
  const call = createServiceClient({
    url: request.url,
    token: env.SERVICE_TOKEN,
    jwtSecret: env.JWT_SECRET_KEY,
    role: 'SYSTEM_INTEGRATOR',
    sub: siId,
  });
  const sync_config = { account_db_id: accountId, mode: 'full', page_limit: pageLimit };
  const answer = await call('POST', `${base}/sync`, { sync_config });
  const eventsOf = async (correlationId: string | undefined): Promise<StoredEvent[]> => {
    if (correlationId === undefined) return [];
    const { status, body } = await call('GET', `${base}/runs/${correlationId}/events`);
    return status === 200 ? (body.data as { events: StoredEvent[] }).events : [];
  };
  if (answer.status !== 200) {
    const { correlation_id } = (answer.body.error ?? {}) as { correlation_id?: string };
    return { events: await eventsOf(correlation_id), problem: refusalOf(answer), summary: {} };
  }
  const data = answer.body.data as OperationData;
  return conclude(data, await eventsOf(data.correlation_id), { metrics_exposed: true, via: 'service' });
}

/** Logs go to stderr: stdout is for the events and the summary only. */
export async function smokeInProcess(
  request: SmokeRequest & { note(line: string): void },
): Promise<SmokeOutcome> {
  request.note('no SERVICE_URL: the pipeline runs in this process, and no metrics are scraped');
  // The service's own secrets play no part in a run of the pipeline alone.
  const unused = { JWT_SECRET_KEY: 'unused-in-this-process', MONO_VERIFY_WEBHOOKS: 'false' };
  const env = { ...unused, DOMAINS: 'mono', ...request.env };
  const config = loadConfig(env);
  const logDestination: DestinationStream = destination({ fd: 2, sync: true });
  const platform = await createPlatform({ config, env, logDestination });
  const sync = createSyncDeps({ config: config.values, ...platform });
  const deps = {
    sync,
    flags: platform.flags,
    areCredentialsSet: config.values.MONO_SECRET_KEY !== '' && config.values.MONO_APP_ID !== '',
    defaultPageLimit: request.pageLimit,
  };
  const { siId, accountId, pageLimit } = request;
  const sync_config = { account_db_id: accountId, mode: 'full', page_limit: pageLimit } as const;
  const eventsOf = (correlationId: string) => listEvents(platform.db, parseRunId(correlationId) ?? '', siId);
  try {
    const { data } = await runSyncOperation(deps, siId, sync_config, { trigger: 'smoke' });
    const events = data.correlation_id === undefined ? [] : await eventsOf(data.correlation_id);
    return conclude(data, events, { metrics_exposed: false, via: 'process' });
  } catch (error) {
    if (!(error instanceof SyncFailedError)) throw error;
    return { events: await eventsOf(error.ids.sync), problem: error.message, summary: {} };
  } finally {
    await platform.close();
  }
}

function conclude(data: OperationData, events: StoredEvent[], how: Record<string, unknown>): SmokeOutcome {
  if (!data.sync_started) return { events, problem: data.message, summary: {} };
  const { account_id, connection_id, inserted_count, duplicate_count, rejected_count, pages } = data;
  const { correlation_id, sync_correlation_id, fetched_count, summary } = data;
  return {
    events,
    problem: null,
    summary: {
      account_id,
      connection_id,
      inserted_count,
      duplicate_count,
      rejected_count,
      fetched_count,
      pages,
      ...summary,
      correlation_id,
      sync_correlation_id,
      ...how,
    },
  };
}
