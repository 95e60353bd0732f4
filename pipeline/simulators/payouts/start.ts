import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { controlOf, type PayoutSimulatorControl, registerControl } from './control.ts';
import { registerFlooz } from './flooz.ts';
import { registerMomo } from './momo.ts';
import { type PayoutSimulatorOptions, type SimulatedProvider, settingsOf } from './options.ts';
import { SimulatorState } from './state.ts';
import { breakOff } from './strike.ts';
import { registerThunes } from './thunes.ts';
import { registerTmoney } from './tmoney.ts';

export interface RunningPayoutSimulator {
  url: string;
  /** What stands for the base URL of each provider. */
  urls: Readonly<Record<SimulatedProvider, string>>;
  control: PayoutSimulatorControl;
  close(): Promise<void>;
}

const registrations = {
  TMONEY: registerTmoney,
  FLOOZ: registerFlooz,
  MOMO: registerMomo,
  THUNES: registerThunes,
} as const;

/** Four providers on a port of this machine. Every answer says so in `x-simulator`. */
export async function startPayoutSimulator(
  options: PayoutSimulatorOptions = {},
): Promise<RunningPayoutSimulator> {
  const settings = settingsOf(options);
  const state = new SimulatorState(settings);
  const app = Fastify({
    forceCloseConnections: true,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } },
  });
  app.addHook('onRequest', async (_request, reply) => void reply.header('x-simulator', 'payouts'));
  const providers = Object.entries(registrations) as [SimulatedProvider, (typeof registrations)['MOMO']][];
  for (const [provider, register] of providers) {
    await app.register(
      async (scope) => {
        followMode(scope, state, provider);
        register(scope, state);
      },
      { prefix: `/${provider.toLowerCase()}` },
    );
  }
  registerControl(app, state);
  await app.listen({ port: settings.port, host: settings.host });
  state.heldUp.begin();
  const { port } = app.server.address() as AddressInfo;
  const url = `http://${settings.host}:${port}`;
  const urlOf = (provider: SimulatedProvider) => `${url}/${provider.toLowerCase()}`;
  return {
    url,
    urls: { TMONEY: urlOf('TMONEY'), FLOOZ: urlOf('FLOOZ'), MOMO: urlOf('MOMO'), THUNES: urlOf('THUNES') },
    control: controlOf(state),
    async close() {
      await state.close();
      await app.close();
    },
  };
}

function followMode(scope: FastifyInstance, state: SimulatorState, provider: SimulatedProvider): void {
  scope.addHook('onRequest', async (request, reply) => {
    const route = `${request.method} ${request.routeOptions.url}`;
    reply.raw.once('close', () => {
      state.count(`${provider} ${route} ${reply.raw.writableFinished ? reply.raw.statusCode : 0}`);
    });
    const { mode, ms } = state.modes.get(provider) ?? { mode: 'up', ms: 0 };
    if (mode === 'dead') return breakOff(reply);
    if (mode === 'slow') await state.pause(ms);
    return undefined;
  });
}
