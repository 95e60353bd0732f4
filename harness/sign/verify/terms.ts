import { isDeepStrictEqual } from 'node:util';
import type { Environment } from '../../config/environments.ts';
import type { Gate } from '../../gate/schema.ts';
import { validityFrom } from '../../report/build.ts';
import { shownEnvironment } from '../../report/environment.ts';
import type { SignOff } from '../../report/schema.ts';
import { readRunFile } from '../folder.ts';
import { frozenGate } from '../frozen-gate.ts';
import { parseStrictJson } from '../strict-json.ts';
import { type Examined, type Finding, summarise } from './finding.ts';

const maxEnvironmentBytes = 1024 * 1024;

/** Where it was measured, how often it was tried and how long it holds follow from the files that it was made from. */
export async function checkTerms({ options, report }: Examined): Promise<Finding[]> {
  const { predicate } = report.statement;
  const gate = await frozenGate(options.folder);
  const declared = parseStrictJson(await readRunFile(options.folder, 'environment.json'), {
    what: 'environment.json',
    maxBytes: maxEnvironmentBytes,
  });
  const { sha256: _, ...shown } = predicate.environment;
  const { not_before, not_after } = predicate.validity;
  const problems = tooManyAttempts(gate, predicate);
  if (!isDeepStrictEqual(declaredBy(declared as Partial<Environment>, shown), shown))
    problems.push('what it says of its environment is not what environment.json says');
  if (Date.parse(validityFrom(gate, new Date(not_before)).not_after) !== Date.parse(not_after))
    problems.push(`it is valid until ${not_after}, and gate.yml gives it another time`);
  const text = `environment ${shown.name}, retries and validity are those of gate.yml and environment.json`;
  return [summarise('terms', problems, text)];
}

/** The copies of the first reports named their environment and said no more of it. */
function declaredBy(declared: Partial<Environment>, shown: ReturnType<typeof shownEnvironment>) {
  return declared.rehearsal === undefined
    ? { ...shown, name: declared.name }
    : shownEnvironment(declared as Environment);
}

/** What did not pass may be tried again as often as the gate says, and no more often until it does. */
function tooManyAttempts(gate: Gate, { items }: SignOff): string[] {
  return gate.items.flatMap(({ id, retries = 0 }) => {
    const { length } = items.find((item) => item.id === id)?.attempts ?? [];
    const most = 1 + retries;
    return length > most
      ? [`${id} was measured ${length} times, and gate.yml lets it be measured ${most}`]
      : [];
  });
}
