import { basename, extname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { CountersignError } from '../../errors.ts';
import { type Applied, applyPlan } from '../../synthetics/deploy/apply.ts';
import type { Connection, Plan } from '../../synthetics/deploy/define.ts';
import {
  type Deployment,
  loadService,
  prepareDeployment,
  serviceNames,
} from '../../synthetics/deploy/index.ts';
import { planOf } from '../../synthetics/deploy/plan.ts';
import type { Loss } from '../../synthetics/export/define.ts';
import { loadTarget } from '../../synthetics/export/index.ts';
import { lossReport } from '../../synthetics/export/loss-report.ts';
import { type Arguments, booleanFlag, type Command, type Io, jsonFlag, stringFlag } from '../command.ts';
import { seconds } from '../paint.ts';
import { appliedText, planText } from './deploy-text.ts';
import { resolvedFile } from './resolved.ts';
import { settingsOf } from './settings.ts';

export const command: Command = {
  usage: '--to SERVICE --env NAME [FILE] [--dry-run] [--prune] [--strict] [--set NAME=VALUE] [--json]',
  about: `
Makes ${serviceNames.join(', ')} hold the checks of a file, as \`synthetics export\` writes them: reads what is there,
prints what differs, and changes just that. Tests are found again by a tag countersign:<id>/<environment>/<check>;
tests without it are never touched. What is in the file no more is deleted with --prune only. Running it again
changes nothing; a run that was cut off is finished by the next. With --dry-run nothing is changed, and without
credentials the plan is against nothing. Exits with 3 when a check could not be deployed.

Credentials come from the environment alone: DD_API_KEY, DD_APP_KEY (and DD_SITE); CHECKLY_API_KEY,
CHECKLY_ACCOUNT_ID; NEW_RELIC_API_KEY (a user key), NEW_RELIC_ACCOUNT_ID (and NEW_RELIC_REGION, US or EU).

example: countersign synthetics deploy --to datadog --env production --dry-run`,
  flags: {
    to: { type: 'string', value: 'SERVICE', summary: serviceNames.join(', ') },
    env: { type: 'string', value: 'NAME', summary: 'as in this environment of the file' },
    'dry-run': { type: 'boolean', summary: 'show the plan, and change nothing' },
    prune: { type: 'boolean', summary: 'delete tests of this file and environment that it has no more' },
    strict: { type: 'boolean', summary: 'exit with 1, and change nothing, when anything would be lost' },
    set: { type: 'string', value: 'NAME=VALUE', multiple: true, summary: 'as for synthetics export' },
    id: { type: 'string', value: 'ID', summary: 'of the file in the tags; default its name' },
    'api-url': { type: 'string', value: 'URL', summary: 'ask this instead of the service itself' },
    ...jsonFlag,
  },
  async run(args, io) {
    const to = required(args, 'to');
    const environment = required(args, 'env');
    const [named, extra] = args.positionals;
    if (extra !== undefined) throw new CountersignError('USAGE', `\`${extra}\` is one argument too many`);
    await loadService(to);
    const settings = settingsOf(args, await loadTarget(to));
    const { definition, file } = await resolvedFile(io, named, environment);
    const id = stringFlag(args, 'id') ?? basename(file, extname(file));
    const deployment = await prepareDeployment({ to, definition, environment, id, settings });
    io.stderr.write(lossReport(deployment.losses, to));
    if (booleanFlag(args, 'strict') && deployment.losses.length > 0) return 1;
    return deploy(deployment, { args, io, environment, file });
  },
};

interface Around {
  args: Arguments;
  io: Io;
  environment: string;
  file: string;
}

async function deploy(deployment: Deployment, around: Around): Promise<number> {
  const { args, io } = around;
  const dry = booleanFlag(args, 'dry-run');
  const prune = booleanFlag(args, 'prune');
  const json = booleanFlag(args, 'json');
  const connection = open(deployment, around, dry);
  const found = (await connection?.list()) ?? [];
  const plan = planOf(deployment.wanted, found, deployment.service);
  if (!json)
    io.stdout.write(planText(plan, { ...around, title: deployment.service.title, prune }, io.stdout));
  const onDone = (applied: Applied) => {
    if (!json) io.stdout.write(appliedText(applied, io.stdout));
  };
  const applied = dry || !connection ? [] : await applyPlan(connection, plan.differences, { prune, onDone });
  const answer = { asked: connection !== undefined, dry_run: dry, losses: deployment.losses, plan, applied };
  if (json) io.stdout.write(asJson(answer));
  return applied.some(({ problem }) => problem !== undefined) ? 3 : 0;
}

/** Undefined only where nothing will be changed and there are no credentials to look with. */
function open(deployment: Deployment, { args, io }: Around, dry: boolean): Connection | undefined {
  const { credentials, title } = deployment.service;
  const missing = credentials.filter((name) => !io.env[name]);
  if (dry && missing.length > 0) {
    io.stderr.write(
      `${title} was not asked, since ${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} not set: the plan is against nothing\n`,
    );
    return undefined;
  }
  const { env, signal } = io;
  const pause = (milliseconds: number) => {
    if (milliseconds >= worthTellingMs) io.stderr.write(`waiting ${seconds(milliseconds)} for ${title}\n`);
    return wait(milliseconds, undefined, { signal });
  };
  return deployment.connect({ env, signal, pause, apiUrl: stringFlag(args, 'api-url') });
}

const worthTellingMs = 2_000;

interface Answer {
  asked: boolean;
  dry_run: boolean;
  losses: readonly Loss[];
  plan: Plan;
  applied: readonly Applied[];
}

function asJson({ plan, ...rest }: Answer): string {
  const differences = plan.differences.map((difference) => ({
    kind: difference.kind,
    check: difference.check,
    ...('found' in difference ? { id: difference.found.id } : {}),
    ...('changes' in difference ? { changes: difference.changes, replace: difference.replace } : {}),
    ...(difference.kind === 'create' ? { test: difference.wanted.payload } : {}),
  }));
  return `${JSON.stringify({ ...rest, differences, unchanged: plan.unchanged }, null, 2)}\n`;
}

function required(args: Arguments, name: string): string {
  const value = stringFlag(args, name);
  if (value !== undefined) return value;
  const hint = name === 'to' ? `services: ${serviceNames.join(', ')}` : 'what is deployed belongs to one';
  throw new CountersignError('USAGE', `--${name} is missing`, { hint });
}
