import { formatDuration } from '../../config/duration.ts';
import { CountersignError, messageOf } from '../../errors.ts';
import type { Use } from '../../gate/ledger.ts';
import { freshAt, showStale } from '../../gate/moment.ts';
import type { Gate, GateItem } from '../../gate/schema.ts';
import { evaluateWindows } from '../../gate/window.ts';
import type { ItemReport } from '../../report/schema.ts';
import { frozenGate } from '../frozen-gate.ts';
import { type DeployOptions, type Examined, type Finding, fail, pass, skip } from './finding.ts';

const defaultWindowsFile = 'checklists/windows.yml';

/** Whether this moment is one at which the gate lets somebody deploy. */
export async function checkMoment({ options, report }: Examined, deploy: DeployOptions): Promise<Finding[]> {
  const gate = await frozenGate(options.folder);
  const findings: Finding[] = [];
  for (const item of gate.items.filter(isEnforced)) {
    const state = report.statement.predicate.items.find(({ id }) => id === item.id)?.state;
    findings.push(await checkWindow(item, { now: options.now, waived: state === 'waived', deploy }));
  }
  if (findings.length === 0) findings.push(skip('windows', 'the gate has no window that must be open'));
  return [...findings, ...checkFreshness(gate, report.statement.predicate.items, options.now)];
}

/** Young enough at the cutover or at a signature may be too old by now. */
function checkFreshness(gate: Gate, items: readonly ItemReport[], now: Date): Finding[] {
  const moments = ['cutover', 'sign'] as const;
  const judged = moments.flatMap((moment) => freshAt(gate, items, moment, now));
  if (judged.length === 0) return [skip('freshness', 'the gate says of nothing how old it may be')];
  return judged.map((one) =>
    one.ok
      ? pass(
          'freshness',
          `${one.id} is ${formatDuration(one.age_ms)} old, of at most ${formatDuration(one.within_ms)}`,
        )
      : fail('freshness', showStale(one), 'not-deployable'),
  );
}

/** One that only says which window comes next enforces nothing. */
function isEnforced({ check, with: options }: GateItem): boolean {
  return check === 'window' && (options as { mode?: string } | undefined)?.mode !== 'named';
}

async function checkWindow(
  { id, with: options }: GateItem,
  { now, waived, deploy }: { now: Date; waived: boolean; deploy: DeployOptions },
): Promise<Finding> {
  const { windows: names = [], file = defaultWindowsFile } = (options ?? {}) as {
    windows?: string[];
    file?: string;
  };
  // Whether that waiver counts now is a line of its own.
  if (waived) return pass('windows', `${id} is WAIVED, so the windows ${names.join(', ')} are not asked`);
  try {
    const declared = await deploy.windows(file);
    const missing = names.find((name) => !Object.hasOwn(declared, name));
    if (missing !== undefined) {
      return fail('windows', `${id}: there is no window ${missing} in ${file} any more`, 'not-deployable');
    }
    const chosen = Object.fromEntries(Object.entries(declared).filter(([name]) => names.includes(name)));
    const { open, closesAt, next, deniedBy } = evaluateWindows(chosen, now);
    if (open)
      return pass('windows', `${id} is open now, until ${closesAt?.toISOString() ?? 'further notice'}`);
    const denied = deniedBy.length > 0 ? `, denied by ${deniedBy.join(', ')}` : '';
    const later = next ? `; it opens at ${next.opensAt.toISOString()}` : '';
    return fail('windows', `${id} is shut now${denied}${later}`, 'not-deployable');
  } catch (thrown) {
    return fail('windows', `${id}: ${messageOf(thrown)}`, 'unknown');
  }
}

/** The last step of all: a report that may be used is used by this very line. */
export async function checkUnused(
  { options, report }: Examined,
  { ledger, checkOnly = false }: DeployOptions,
  deployable: boolean,
): Promise<Finding> {
  if (!ledger) return skip('ledger', 'RELAXED: nobody looked whether this report was used before');
  if (!deployable) return skip('ledger', 'not asked: the report is not to be deployed');
  const use = useOf(report);
  try {
    const reason = await (checkOnly ? ledger.look(use, options.now) : ledger.record(use, options.now));
    if (reason !== undefined) return fail('ledger', reason, 'not-deployable');
    const said = checkOnly ? 'not used yet; nothing was recorded' : 'recorded as used from now on';
    return pass('ledger', `${said}, in ${ledger.shown}`);
  } catch (thrown) {
    if (!(thrown instanceof CountersignError)) throw thrown;
    return fail('ledger', thrown.message, 'unknown');
  }
}

function useOf({ sha256, statement }: Examined['report']): Use {
  const { nonce, gate, environment, run, release, validity } = statement.predicate;
  return {
    nonce,
    gate: gate.id,
    environment: environment.name,
    run: run.id,
    report: sha256,
    ...(release.git ? { commit: release.git.commit } : {}),
    frozen_at: validity.not_before,
  };
}
