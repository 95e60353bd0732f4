import { basename, extname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Definition } from '../../synthetics/definition.ts';
import type { Difference } from '../../synthetics/deploy/define.ts';
import { differences } from '../../synthetics/deploy/index.ts';
import type { ResolvedSynthetics } from '../../synthetics/resolve.ts';
import { type Static, Type } from '../../type.ts';
import { type CheckContext, Options } from '../define.ts';
import { interpolate } from '../interpolate.ts';

export const ExportedOption = Options({
  to: Type.String({
    minLength: 1,
    description: 'service that holds the checks, as `synthetics deploy --to`',
  }),
  id: Type.Optional(Type.String({ description: 'of the file in the tags; default its name' })),
  set: Type.Optional(
    Type.Record(Type.String(), Type.String(), { description: 'as `--set NAME=VALUE` of the deployment' }),
  ),
  credentials: Type.Record(Type.String({ pattern: '^[A-Z_][A-Z0-9_]*$' }), Type.String(), {
    description: 'variables that the service asks for, such as DD_API_KEY; hold ${secret.NAME}',
  }),
  api_url: Type.Optional(Type.String({ description: "instead of the service's own address" })),
});

/** What a service holds otherwise than the file says, one line each. Only reads; what can't be asked is an error. */
export async function exportedState(
  option: Static<typeof ExportedOption>,
  definition: Definition,
  { checks }: ResolvedSynthetics,
  context: CheckContext,
): Promise<string[]> {
  const { file, alerting, maintenance } = definition;
  const filled = await interpolate(option, context);
  const { signal } = context;
  const order = {
    to: filled.to,
    definition: { checks, ...(alerting ? { alerting } : {}), ...(maintenance ? { maintenance } : {}) },
    environment: context.environment.name,
    id: filled.id ?? basename(file, extname(file)),
    settings: filled.set ?? {},
  };
  const pause = (milliseconds: number) => wait(milliseconds, undefined, { signal });
  const plan = await differences(order, { env: filled.credentials, apiUrl: filled.api_url, signal, pause });
  return plan.differences.map(asText);
}

function asText(difference: Difference): string {
  const { kind, check } = difference;
  if (kind === 'create') return `${check} is not there`;
  if (kind === 'delete') return `${check} is there, and in the file no more`;
  return `${check} differs in ${difference.changes.map(({ field }) => field).join(', ')}`;
}
