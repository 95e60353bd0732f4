import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyError, type FastifyInstance } from 'fastify';
import { registerConnect } from './connect.ts';
import { controlOf, registerControl, type SimulatorControl } from './control.ts';
import { failed } from './envelope.ts';
import { type MonoSimulatorOptions, settingsOf } from './options.ts';
import { registerRoutes } from './routes.ts';
import { Refusal, SimulatorState } from './state.ts';

export interface RunningSimulator {
  url: string;
  close(): Promise<void>;
  control: SimulatorControl;
}

/** Mono's v2 API on a port of this machine. Every answer says so in `x-simulator`. */
export async function startMonoSimulator(options: MonoSimulatorOptions = {}): Promise<RunningSimulator> {
  const settings = settingsOf(options);
  const state = new SimulatorState(settings);
  const app = Fastify({
    forceCloseConnections: true,
    // Fastify's own settings drop unknown fields and bend types: a misspelt fault would pass as none.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  });
  describeItself(app, state);
  registerRoutes(app, state);
  registerConnect(app, state);
  registerControl(app, state);
  await app.listen({ port: settings.port, host: settings.host });
  const { port } = app.server.address() as AddressInfo;
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  return { url: `http://${host}:${port}`, close: () => app.close(), control: controlOf(state) };
}

function describeItself(app: FastifyInstance, state: SimulatorState): void {
  const { now, log } = state.settings;
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-simulator', 'mono');
  });
  // Closing is the only event that a cut connection reaches too.
  app.addHook('onRequest', async (request, reply) => {
    const { endpoint } = request.routeOptions.config;
    reply.raw.once('close', () => {
      const status = reply.raw.writableFinished ? reply.raw.statusCode : 0;
      if (endpoint !== undefined) state.count(endpoint, status);
      const route = request.routeOptions.url ?? 'unmatched';
      log(
        JSON.stringify({ ts: now().toISOString(), event: 'simulator.request', payload: { route, status } }),
      );
    });
  });
  app.setNotFoundHandler((_request, reply) => reply.status(404).send(failed(now(), 'Not found')));
  app.setErrorHandler((error: FastifyError | Refusal, _request, reply) => {
    const status = error instanceof Refusal ? error.status : (error.statusCode ?? 500);
    const code = error instanceof Refusal ? error.code : undefined;
    return reply.status(status).send(failed(now(), error.message, code));
  });
}
