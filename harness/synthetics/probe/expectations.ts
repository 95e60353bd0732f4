import { evaluateExpectation, factsRead, isTrue } from '../../gate/evaluate.ts';
import { type FactSchema, factsAsJson } from '../../gate/facts.ts';
import type { ProbeType } from '../criteria-schema.ts';
import type { Broken } from './criteria.ts';
import { probeFacts } from './facts.ts';
import type { Sight } from './looking.ts';

/** What of the expectations does not hold. A file of its own: who has none need not wait until CEL is loaded. */
export function judgeExpectations(type: ProbeType, expect: readonly string[], sight: Sight): Broken[] {
  const schema = probeFacts[type] as FactSchema;
  return expect.flatMap((text) => {
    if (isTrue(text, { schema, facts: sight.facts, needs: {} })) return [];
    const facts = factsAsJson(sight.facts);
    const { outcome, operands, message } = evaluateExpectation(text, { schema, facts, needs: {} });
    if (outcome === 'true') return [];
    const values = operands.map((operand) => `${operand.text} is ${operand.value}`).join(', ');
    // What came does not have the shape that the check counts on: that is for whoever sent it to answer for.
    if (outcome === 'error')
      return [{ message: `sent nothing that \`${text}\` can be judged by: ${message}` }];
    return [{ message: `does not hold \`${text}\`${values ? `: ${values}` : ''}` }];
  });
}

/** Is any of them about a fact, and not only about something of the same name? */
export function readsFact(expect: readonly string[], fact: string): boolean {
  return expect.some((text) => factsRead(text).includes(fact));
}
