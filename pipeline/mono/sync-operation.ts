import { ServiceError } from '#pipeline/runtime/errors.ts';
import type { Flags } from '#pipeline/runtime/flags.ts';
import { type AccountTotals, getAccount, readTotals } from './accounts.ts';
import { syncFlag } from './flags.ts';
import { operations } from './operations.ts';
import type { SyncBody } from './schemas.ts';
import { latencySlaSeconds, type SyncDeps, type SyncInput, syncAccount } from './sync.ts';

export interface OperationDeps {
  sync: SyncDeps;
  flags: Flags;
  areCredentialsSet: boolean;
  defaultPageLimit: number;
}

export interface OperationAnswer {
  operation: string;
  success: true;
  si_id: string;
  data: OperationData;
}

export interface OperationData {
  sync_started: boolean;
  feature_enabled: boolean;
  credentials_configured: boolean;
  fetched_count: number;
  persisted: number;
  duplicates: number;
  connection_id: string | null;
  account_id: string | null;
  mono_account_id: string | null;
  last_cursor: string | null;
  last_synced_at: string | null;
  message: string;
  latency_sla_seconds?: number;
  inserted_count?: number;
  duplicate_count?: number;
  rejected_count?: number;
  pages?: number;
  correlation_id?: string;
  sync_correlation_id?: string;
  summary?: AccountTotals;
}

const nothing = {
  sync_started: false,
  fetched_count: 0,
  persisted: 0,
  duplicates: 0,
  connection_id: null,
  account_id: null,
  mono_account_id: null,
  last_cursor: null,
  last_synced_at: null,
};

/** `sync_banking_transactions`: deferred with guidance while the flag is off, else the whole pipeline. */
export async function runSyncOperation(
  deps: OperationDeps,
  siId: string,
  config: SyncBody['sync_config'],
  options: Pick<SyncInput, 'trigger'> & { signal?: AbortSignal },
): Promise<OperationAnswer> {
  const answer = (data: OperationData): OperationAnswer => ({
    operation: operations.sync.name,
    success: true,
    si_id: siId,
    data,
  });
  await deps.flags.refresh();
  const credentials = deps.areCredentialsSet;
  if (!(await deps.flags.enabled(syncFlag))) {
    const message = `Mono transactions disabled – set ${syncFlag}=true to enable pipeline`;
    return answer({ ...nothing, feature_enabled: false, credentials_configured: credentials, message });
  }
  if (!credentials) {
    const message = 'Mono credentials missing – set MONO_SECRET_KEY and MONO_APP_ID to enable pipeline';
    return answer({ ...nothing, feature_enabled: true, credentials_configured: false, message });
  }
  // An account of another integrator is as unknown as one that does not exist.
  const account = await getAccount(deps.sync.db, config.account_db_id, siId);
  if (config.mono_account_id !== undefined && config.mono_account_id !== account.monoAccountId) {
    throw new ServiceError('BAD_REQUEST', 'mono_account_id is not the one of account_db_id');
  }
  return answer(await syncNow(deps, config, options));
}

async function syncNow(
  deps: OperationDeps,
  config: SyncBody['sync_config'],
  options: Pick<SyncInput, 'trigger'> & { signal?: AbortSignal },
): Promise<OperationData> {
  const result = await syncAccount(deps.sync, {
    accountId: config.account_db_id,
    window: { mode: config.mode ?? 'incremental', start: config.start, end: config.end },
    pageLimit: config.page_limit ?? deps.defaultPageLimit,
    isLastAttempt: true,
    ...options,
  });
  return {
    sync_started: true,
    feature_enabled: true,
    credentials_configured: true,
    fetched_count: result.fetched,
    persisted: result.inserted,
    duplicates: result.duplicates,
    connection_id: result.account.connectionId,
    account_id: result.account.id,
    mono_account_id: result.account.monoAccountId,
    last_cursor: result.cursor,
    last_synced_at: result.account.lastSyncedAt,
    message: 'Mono transactions synced',
    latency_sla_seconds: latencySlaSeconds,
    inserted_count: result.inserted,
    duplicate_count: result.duplicates,
    rejected_count: result.rejected,
    pages: result.pages,
    correlation_id: result.ids.pipeline,
    sync_correlation_id: result.ids.sync,
    summary: await readTotals(deps.sync.db, result.account.id),
  };
}
