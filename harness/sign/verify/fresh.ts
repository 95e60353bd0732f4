import { type Freshness, freshAt, showStale, staleAt } from '../../gate/moment.ts';
import type { Gate } from '../../gate/schema.ts';
import { frozenGate } from '../frozen-gate.ts';
import type { ApprovalCount } from '../trust.ts';
import { type Examined, type Finding, fail, pass, skip } from './finding.ts';

async function gateOf({ options }: Examined): Promise<Gate> {
  return frozenGate(options.folder);
}

/** What is too old for a signature of now. */
export async function staleToSign(examined: Examined): Promise<Freshness[]> {
  const { predicate } = examined.report.statement;
  return staleAt(predicate, await gateOf(examined), 'sign', examined.options.now);
}

/** Each signature that counts, as of its own time: what it rests on was young enough then. */
export async function checkFresh(examined: Examined, { approvals }: ApprovalCount): Promise<Finding[]> {
  const { items, validity } = examined.report.statement.predicate;
  const gate = await gateOf(examined);
  if (!gate.items.some(({ fresh }) => fresh?.at === 'sign'))
    return [skip('freshness', 'nothing has to be fresh when people sign')];
  return approvals.map(({ person, at = validity.not_after }) => {
    // Without a time it may have been made at the last moment.
    const judged = freshAt(gate, items, 'sign', new Date(at));
    const stale = judged.filter(({ ok }) => !ok);
    return stale.length > 0
      ? fail('freshness', `${person.id} signed too late: ${stale.map(showStale).join('; ')}`)
      : pass('freshness', `fresh when ${person.id} signed: ${judged.map(({ id }) => id).join(', ')}`);
  });
}
