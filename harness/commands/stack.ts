import type { Environment } from '../config/environments.ts';
import { openProject, pickEnvironment, readEnvironments } from '../config/project.ts';
import { CountersignError } from '../errors.ts';
import { isSame, readState, type StackState } from '../stack/state.ts';
import { stackDown, stackUp } from '../stack/up.ts';
import {
  type Arguments,
  booleanFlag,
  type Command,
  type Io,
  integerFlag,
  jsonFlag,
  positionals,
  stringFlag,
} from './command.ts';

/** Beyond this, a two-hour watch lasts less than a scrape. */
const fastestRehearsal = 10_000;

export const command: Command = {
  usage: 'up|down|status [--env NAME] [--rehearse N] [--json]',
  about:
    'Starts what an environment lists under `stack`: PostgreSQL, Prometheus, Alertmanager, a pager stub and ' +
    'services by their command. `up` leaves it running and joins one that is up already; `down` leaves nothing ' +
    'but logs.\n\nExample: countersign stack up --env local',
  flags: {
    env: { type: 'string', value: 'NAME', summary: 'environment; default: the only one with a stack' },
    rehearse: { type: 'string', value: 'N', summary: 'run clocks of rules and routes N times faster' },
    ...jsonFlag,
  },
  async run(args, io) {
    const [verb] = positionals(args, ['up, down or status']);
    const { root } = await openProject(io.cwd);
    const environment = choose(await readEnvironments(root), stringFlag(args, 'env'));
    if (verb === 'up') return up(environment, root, args, io);
    if (verb === 'down') return down(environment, root, args, io);
    if (verb === 'status') return status(environment, root, args, io);
    throw new CountersignError('USAGE', `\`stack ${verb}\` is not known`, {
      hint: '`countersign stack up`, `down` or `status`',
    });
  },
};

function choose(
  environments: Awaited<ReturnType<typeof readEnvironments>>,
  name: string | undefined,
): Environment {
  if (name) return pickEnvironment(environments, name);
  const withStack = Object.values(environments.all).filter((environment) => environment.stack);
  const [only] = withStack;
  if (only && withStack.length === 1) return only;
  const names = withStack.map((environment) => environment.name).join(', ') || 'none';
  throw new CountersignError('USAGE', `environments with a stack: ${names}`, { hint: 'name one with --env' });
}

async function up(environment: Environment, root: string, args: Arguments, io: Io): Promise<number> {
  const rehearse = integerFlag(args, 'rehearse', { min: 1, max: fastestRehearsal }) ?? 1;
  const from = performance.now();
  const say = (line: string) => io.stderr.write(`${line}\n`);
  const { env, signal } = io;
  const { state, reused } = await stackUp(environment, { root, env, rehearse, signal, say });
  if (booleanFlag(args, 'json')) printJson(io, { up: true, reused, ...visible(state) });
  else {
    const seconds = ((performance.now() - from) / 1_000).toFixed(1);
    io.stdout.write(
      reused ? `${environment.name} is up already\n` : `${environment.name} is up after ${seconds} s\n`,
    );
    for (const [name, port] of Object.entries(state.ports)) {
      io.stdout.write(`  ${name.padEnd(14)} 127.0.0.1:${port}\n`);
    }
    io.stdout.write(`  logs in ${state.dir}\n`);
  }
  return 0;
}

async function down(environment: Environment, root: string, args: Arguments, io: Io): Promise<number> {
  const ended = await stackDown(root, environment.name);
  if (booleanFlag(args, 'json')) printJson(io, { up: false, ended });
  else io.stdout.write(ended ? `${environment.name} is down\n` : `${environment.name} was not up\n`);
  return 0;
}

async function status(environment: Environment, root: string, args: Arguments, io: Io): Promise<number> {
  const state = await readState(root, environment.name);
  const processes = await Promise.all(
    (state?.processes ?? []).map(async (record) => ({ ...record, alive: await isSame(record) })),
  );
  const allAlive = state !== undefined && processes.every((record) => record.alive);
  if (booleanFlag(args, 'json')) {
    printJson(io, state ? { up: true, ...visible(state), processes } : { up: false });
  } else if (state) {
    io.stdout.write(`${environment.name} is up since ${state.startedAt}\n`);
    for (const { name, pid, alive } of processes) {
      const port = state.ports[name];
      const where = port === undefined ? '' : `127.0.0.1:${port}`;
      io.stdout.write(`  ${name.padEnd(14)} ${alive ? `process ${pid}` : 'ENDED'}  ${where}\n`);
    }
  } else io.stdout.write(`${environment.name} is not up\n`);
  return allAlive ? 0 : 1;
}

/** Everything but the secrets. */
function visible(state: StackState): Omit<StackState, 'secrets' | 'schema'> {
  const { secrets: _secrets, schema: _schema, ...rest } = state;
  return rest;
}

function printJson(io: Io, value: unknown): void {
  io.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}
