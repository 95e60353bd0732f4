import type { Gate } from '../../gate/schema.ts';
import { deciding, judgeWaived, readWaived, waivedProblem } from '../../gate/waived.ts';
import type { ItemReport } from '../../report/schema.ts';
import { frozenGate } from '../frozen-gate.ts';
import { type Examined, type Finding, fail, pass } from './finding.ts';

/** Each waiver is what two people signed, counted when it was used, and for a deployment counts now. */
export async function checkWaivers(examined: Examined): Promise<Finding[]> {
  const { items } = examined.report.statement.predicate;
  const waived = items.filter(({ state, waiver }) => state === 'waived' || waiver);
  if (waived.length === 0) return [];
  const gate = await frozenGate(examined.options.folder);
  const findings: Finding[] = [];
  for (const item of waived) findings.push(...(await checkWaived(examined, gate, item)));
  return findings;
}

async function checkWaived(
  { options, report, keys }: Examined,
  gate: Gate,
  item: ItemReport,
): Promise<Finding[]> {
  const opened = await readWaived(options.folder, item, keys);
  if (!opened || !item.waiver || item.state !== 'waived') {
    return [fail('waivers', `${item.id}: what is waived has a waiver, and nothing else has one`)];
  }
  const { approver, requester, expires, reason, state } = item.waiver;
  const outcome = { state, attempts: deciding(item) };
  const { statement } = report;
  const problem = waivedProblem(item, opened, outcome, { statement, gate });
  if (problem) return [fail('waivers', `${item.id}: ${problem}`)];
  const text = `${item.id} is WAIVED by ${approver} for ${requester} until ${expires}: ${reason}`;
  if (!options.forDeploy) return [pass('waivers', text)];
  const now = judgeWaived(opened, statement, gate, options.now).find((finding) => finding.void);
  return [now ? fail('waivers', `${item.id}: ${now.text}`, 'not-deployable') : pass('waivers', text)];
}
