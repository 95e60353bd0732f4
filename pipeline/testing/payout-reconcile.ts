import { readFile } from 'node:fs/promises';
import { Value } from 'typebox/value';
import { parse } from 'yaml';
import { ReconcileOptions } from '#harness/checks/reconcile/options.ts';
import reconcile from '#harness/checks/reconcile/reconcile.ts';
import { evaluateExpectation } from '#harness/gate/evaluate.ts';
import { createHttp } from '#harness/sources/http.ts';
import { createPostgres } from '#harness/sources/postgres.ts';
import { fakeClock, testContext } from '#harness/testing/context.ts';

const gate = new URL('../../checklists/nepxy-post-deploy.gate.yml', import.meta.url);
const item = 'books-agree';

export interface Reconciled {
  /** Payments that the providers say they made. */
  payments: number;
  /** What is not as the gate expects it, each a sentence; none: the books agree. */
  differences: string[];
}

/** The item of the gate as it is, over this database and these simulators: it knows nothing of the service's code. */
export async function reconcilePayouts(databaseUrl: string, simulatorUrl: string): Promise<Reconciled> {
  const { items } = parse(await readFile(gate, 'utf8')) as {
    items: { id: string; with: unknown; expect: string[] }[];
  };
  const found = items.find(({ id }) => id === item);
  if (!found) throw new Error(`the gate has no item ${item}`);
  const context = testContext({
    environment: { vars: { payout_statement_path: '/__sim/book' } },
    sources: {
      http: async (name = '') => createHttp({ name, url: simulatorUrl, clock: fakeClock() }),
      postgres: async (name = '') => createPostgres({ name, url: databaseUrl }),
    },
  });
  const { facts } = await reconcile.measure(Value.Parse(ReconcileOptions, found.with), context);
  const subject = { facts, schema: reconcile.facts, needs: {} };
  const unmet = found.expect.filter((text) => evaluateExpectation(text, subject).outcome !== 'true');
  const breaks = facts.first_breaks.map(({ class: kind, key }) => `${key}: ${kind}`);
  return {
    payments: facts.left.rows,
    differences: unmet.length === 0 ? [] : [...unmet.map((text) => `from outside: ${text}`), ...breaks],
  };
}
