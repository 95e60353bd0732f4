import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { deployFile } from '../../testing/services/deploying.ts';

const checks = [
  {
    name: 'web',
    url: 'https://a.example/health',
    failure_threshold: 1,
    success_criteria: [{ status_code: 200 }],
  },
];
const settings = {};

/** Answers as the pages of the services show them. */
describe('documented exchanges', () => {
  beforeAll(() => nock.disableNetConnect());
  afterEach(() => {
    expect(nock.pendingMocks()).toEqual([]);
    nock.cleanAll();
  });
  afterAll(() => nock.restore());

  it('Datadog: keys in headers, the site in the name, a test by POST', async () => {
    const keys = { 'DD-API-KEY': 'k1', 'DD-APPLICATION-KEY': 'k2' };
    nock('https://api.datadoghq.eu', { reqheaders: keys })
      .get('/api/v1/synthetics/tests')
      .query({ page_size: '100', page_number: '0' })
      .reply(200, {
        tests: [{ public_id: '123-abc-456', name: 'web', type: 'api', tags: ['env:production'] }],
      });
    nock('https://api.datadoghq.eu', { reqheaders: keys })
      .post('/api/v1/synthetics/tests/api', {
        name: 'web',
        type: 'api',
        subtype: 'http',
        status: 'live',
        tags: ['countersign:checks/production/web'],
        locations: ['aws:eu-central-1'],
        message: '',
        config: {
          request: { method: 'GET', url: 'https://a.example/health', follow_redirects: false, timeout: 10 },
          assertions: [{ type: 'statusCode', operator: 'is', target: 200 }],
        },
        options: {
          tick_every: 60,
          min_failure_duration: 0,
          min_location_failed: 1,
          retry: { count: 0, interval: 300 },
          monitor_options: { renotify_interval: 0 },
        },
      })
      .reply(200, { public_id: '789-def-012' });
    const env = { DD_API_KEY: 'k1', DD_APP_KEY: 'k2', DD_SITE: 'datadoghq.eu' };
    const { applied } = await deployFile({ to: 'datadog', env, settings }, { checks });
    expect(applied).toEqual([{ kind: 'create', check: 'web' }]);
  });

  it('Checkly: a bearer token and the account, a check by POST of its type, deletion by id', async () => {
    const headers = { authorization: 'Bearer cu_1', 'x-checkly-account': 'a1' };
    nock('https://api.checklyhq.com', { reqheaders: headers })
      .get('/v1/checks')
      .query({ limit: '100', page: '1' })
      .reply(200, [{ id: 'c1', name: 'old', checkType: 'API', tags: ['countersign:checks/production/old'] }]);
    nock('https://api.checklyhq.com', { reqheaders: headers })
      .post(
        '/v1/checks/api',
        (body: Record<string, unknown>) => body['checkType'] === 'API' && body['frequency'] === 1,
      )
      .reply(201, { id: 'c2' });
    nock('https://api.checklyhq.com', { reqheaders: headers }).delete('/v1/checks/c1').reply(204);
    const env = { CHECKLY_API_KEY: 'cu_1', CHECKLY_ACCOUNT_ID: 'a1' };
    const { applied } = await deployFile({ to: 'checkly', env, settings }, { checks });
    expect(applied).toEqual([
      { kind: 'create', check: 'web' },
      { kind: 'delete', check: 'old' },
    ]);
  });

  it('New Relic: NerdGraph of the region, errors inside of an answer with 200', async () => {
    const found = { data: { actor: { entitySearch: { results: { nextCursor: null, entities: [] } } } } };
    nock('https://api.eu.newrelic.com', { reqheaders: { 'api-key': 'NRAK-1' } })
      .post('/graphql', ({ query }: { query: string }) => query.includes('entitySearch'))
      .reply(200, found)
      .post('/graphql', ({ query, variables }: { query: string; variables: object }) => {
        expect(variables).toMatchObject({
          accountId: 42,
          monitor: { name: 'web', period: 'EVERY_MINUTE', status: 'ENABLED' },
        });
        return query.includes('syntheticsCreateScriptApiMonitor(accountId: $accountId, monitor: $monitor)');
      })
      .reply(200, {
        data: {
          syntheticsCreateScriptApiMonitor: {
            errors: [{ type: 'BAD_REQUEST', description: 'no such location' }],
          },
        },
      });
    const env = { NEW_RELIC_API_KEY: 'NRAK-1', NEW_RELIC_ACCOUNT_ID: '42', NEW_RELIC_REGION: 'EU' };
    const { applied } = await deployFile({ to: 'newrelic', env, settings }, { checks });
    expect(applied).toEqual([
      {
        kind: 'create',
        check: 'web',
        problem: 'New Relic refuses syntheticsCreateScriptApiMonitor: BAD_REQUEST: no such location',
      },
    ]);
  });
});
