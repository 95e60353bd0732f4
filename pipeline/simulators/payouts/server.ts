import { optionsFromEnv } from './options.ts';
import { startPayoutSimulator } from './start.ts';

const usage = `Serves simulations of TMoney, Flooz, MTN MoMo and Thunes on this machine.

  node pipeline/simulators/payouts/server.ts

  PORT              default 0: a free port, told on stdout
  HOST              default 127.0.0.1
  SIM_SEED          another seed has other payments fail, where faults have a rate
  SIM_SETTLE_MS     a payment is decided so long after it was taken; default 20-200
  SIM_CALLBACK_URL  the /v1/webhooks of the service; without it nobody is called back
  TMONEY_WEBHOOK_SECRET, FLOOZ_…, MOMO_…, THUNES_…
                    sign the callbacks; default dev_secret_tmoney and so on
`;

async function serve(): Promise<void> {
  const simulator = await startPayoutSimulator(optionsFromEnv(process.env));
  const event = { event: 'simulator.listening', payload: { simulator: 'payouts', url: simulator.url } };
  process.stdout.write(`${JSON.stringify({ ts: new Date().toISOString(), ...event })}\n`);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => void simulator.close());
  }
}

if (process.argv.includes('--help')) {
  process.stdout.write(usage);
} else {
  await serve().catch((error: Error) => {
    process.stderr.write(`payout simulators: ${error.message}\n`);
    process.exitCode = 2;
  });
}
