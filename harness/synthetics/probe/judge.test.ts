import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BadServer, startBadServer } from '../../testing/bad-server.ts';
import { probeContext } from '../../testing/probe-context.ts';
import type { HttpCheck } from '../check-schema.ts';
import { probe } from './probe.ts';

let server: BadServer;
beforeAll(async () => {
  server = await startBadServer();
});
afterAll(() => server.close());

const run = (path: string, check: Partial<HttpCheck>) =>
  probe({ name: 'probe', url: `${server.url}${path}`, ...check }, probeContext());

it.each([
  'body_text == "out of memory" && url != "status"',
  'steps.size() > 0 && steps.all(status, status.duration_ms >= 0)',
  'steps[0].status > 0',
])('a 500 does not pass for `%s`, which is about no fact `status`', async (text) => {
  expect(await run('/500', { expect: [text] })).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining('answered 500 Internal Server Error, expected 2xx'),
  });
});

const endless = `${'a'.repeat(60)}!`;
const asked: Partial<HttpCheck> = { method: 'POST', body: endless };
const criteria = [{ body_matches: '(a+)+#' }];

it.each<[string, Partial<HttpCheck>]>([
  ['criteria', { success_criteria: criteria }],
  ['expectations', { expect: ['body_text.matches("(a+)+#")'] }],
  ['steps', { success_criteria: [], steps: [{ url: '/', success_criteria: criteria }] }],
])('patterns in %s that would take years for what came are an error in time', async (_where, check) => {
  const steps = check.steps?.map((step) => ({ ...asked, ...step, url: `${server.url}/echo` }));
  const found = await run('/echo', { ...asked, ...check, ...(steps ? { steps: [...steps, ...steps] } : {}) });
  expect(found).toMatchObject({
    state: 'error',
    reason: expect.stringContaining('what came could not be judged within 500 ms'),
  });
});
