import { messageOf } from '../../errors.ts';
import { checkExpectation, type ExpectationProblem } from '../../gate/evaluate.ts';
import type { FactSchema } from '../../gate/facts.ts';
import { probeFacts } from '../probe/facts.ts';
import type { LintRule } from './define.ts';

/** Expectations are checked against the facts of their type of probe, and patterns must be patterns. */
export const lintExpectations: LintRule = ({ definition }, report) => {
  for (const [index, check] of definition.checks.entries()) {
    for (const [position, text] of (check.expect ?? []).entries()) {
      const problem = problemOf(text, probeFacts[check.type] as FactSchema);
      if (!problem) continue;
      const {
        message,
        offset,
        hint = `facts of \`${check.type}\`: ${Object.keys(probeFacts[check.type].properties).join(', ')}`,
      } = problem;
      report({
        path: ['checks', index, 'expect', position],
        message: `\`${text}\`: ${message}`,
        offset,
        hint,
      });
    }
    for (const [position, criterion] of (check.success_criteria ?? []).entries()) {
      if (!('body_matches' in criterion)) continue;
      const problem = patternProblem(criterion.body_matches);
      const path = ['checks', index, 'success_criteria', position, 'body_matches'];
      if (problem) report({ path, message: problem, hint: 'a regular expression of JavaScript' });
    }
  }
};

/** In gates an expectation may read what other items measured; a probe has nobody before it. */
function problemOf(text: string, facts: FactSchema): ExpectationProblem | undefined {
  const problem = checkExpectation(text, facts);
  if (problem?.hint) return { ...problem, hint: problem.hint.replace(/, needs$/, '') };
  const offset = text.search(/\bneeds\b/);
  if (problem || offset < 0) return problem;
  return { message: 'a check needs no other, so `needs` is empty', offset };
}

function patternProblem(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}
