import { confine } from '../../config/confine.ts';
import type { ResolvedEnvironment } from '../../config/resolve.ts';
import { CountersignError } from '../../errors.ts';
import { Redactor } from '../../gate/redact.ts';
import type { Definition } from '../../synthetics/definition.ts';
import type { ProbeContext } from '../../synthetics/probe/context.ts';
import { probeAll } from '../../synthetics/probe-all.ts';
import type { RunOfChecks } from '../../synthetics/render.ts';
import { type ResolvedSynthetics, resolveFor } from '../../synthetics/resolve.ts';
import { type Selection, selectChecks } from '../../synthetics/select.ts';
import { systemClock } from '../clock.ts';
import type { Io } from '../command.ts';
import type { CountingLine } from './counting-line.ts';
import { projectEnvironment } from './project-environment.ts';

interface Order {
  root: string;
  io: Io;
  environment: string | undefined;
  selection: Selection;
  concurrency: number;
  keepConnections: boolean;
  line: CountingLine;
}

/** Probes the chosen checks, with the environment of the project around it where there is one of that name. */
export async function probeOn(definition: Definition, order: Order): Promise<RunOfChecks> {
  const redactor = new Redactor();
  const run = (project?: ResolvedEnvironment) => probeResolved(definition, order, redactor, project);
  const known = await projectEnvironment(order.root, order.environment);
  if (!known) return run();
  const { withStack } = await import('../../gate/with-stack.ts');
  const { io, root, line } = order;
  const ground = {
    environment: known,
    project: { root },
    env: io.env,
    clock: systemClock,
    signal: io.signal,
  };
  return withStack({ ...ground, say: line.say }, redactor, run);
}

async function probeResolved(
  definition: Definition,
  { root, io, environment, selection, concurrency, keepConnections, line }: Order,
  redactor: Redactor,
  project: ResolvedEnvironment | undefined,
): Promise<RunOfChecks> {
  const onSecret = (value: string) => redactor.add(value);
  const resolved = await resolveFor(definition, environment, { root, env: io.env, project, onSecret });
  const checks = selectChecks(resolved.checks, selection);
  if (checks.length === 0) {
    throw new CountersignError('NO_DATA', 'no check was probed', {
      hint: 'does the selection fit any that is active?',
    });
  }
  const from = systemClock.monotonic();
  const context = contextFor(resolved, { root, io, redactor, project });
  line.begin(checks.length);
  const observations = await probeAll(checks, context, {
    concurrency,
    keepConnections,
    onObservation: ({ state }) => line.count(state),
  });
  const indexes = new Map(definition.checks.map(({ name }, index) => [name, index]));
  return {
    file: definition.file,
    environment: environment ?? 'no environment',
    at: context.at.toISOString(),
    durationMs: systemClock.monotonic() - from,
    observations,
    placeOf: (check) => definition.place(['checks', indexes.get(check) ?? 0]),
  };
}

function contextFor(
  { value }: ResolvedSynthetics,
  {
    root,
    io,
    redactor,
    project,
  }: Pick<Order, 'root' | 'io'> & { redactor: Redactor; project: ResolvedEnvironment | undefined },
): ProbeContext {
  const { smoke } = project?.view ?? {};
  return {
    at: systemClock.now(),
    location: 'here',
    clock: systemClock,
    signal: io.signal,
    root,
    resolve: (path) => confine(root, path),
    tool: async (name) => {
      const { findTool } = await import('../../tools/find.ts');
      return (await findTool(name, { env: io.env, root })).path;
    },
    value,
    redact: (text) => redactor.text(text),
    ...(smoke ? { playwright: smoke } : {}),
  };
}
