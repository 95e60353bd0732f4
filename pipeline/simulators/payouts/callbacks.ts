import { createHmac } from 'node:crypto';
import type { Payment } from './book.ts';
import type { SimulatedProvider } from './options.ts';
import type { SimulatorState } from './state.ts';

export type CallbackBody = Record<string, unknown>;

const timeoutMs = 5000;

/** One callback of the outcome, unless a fault has it lost, late, twice, followed by older news, or forged as well. */
export async function sendCallbacks(state: SimulatorState, payment: Payment): Promise<void> {
  const { provider, externalRef: key } = payment;
  const wording = state.wording.get(provider);
  if (!wording) return;
  const [fault] = state.faults.strike({ provider, occasion: 'callback', key });
  const truth = wording(payment, payment.state);
  switch (fault?.kind) {
    case 'callback_lost':
      return;
    case 'callback_late':
      await state.pause(fault.ms ?? 1000);
      break;
    case 'callback_duplicate':
      await Promise.all([send(state, payment, truth), send(state, payment, truth)]);
      break;
    case 'callback_reorder':
      await send(state, payment, truth);
      await send(state, payment, wording(payment, 'PENDING'));
      return;
    case 'callback_forged':
      await send(state, payment, wording(payment, payment.state === 'PAID' ? 'FAILED' : 'PAID'), 'forged');
      break;
    default:
  }
  await send(state, payment, truth);
}

/** The status of the answer, 0 where there was none. Nothing is sent again: whoever pays has to ask. */
async function send(
  state: SimulatorState,
  payment: Payment,
  body: CallbackBody,
  secret?: string,
): Promise<number> {
  const url = payment.callbackUrl ?? urlOf(state, payment.provider);
  if (url === undefined) return 0;
  const text = JSON.stringify(body);
  const signature = sign(text, secret ?? state.settings.webhookSecrets[payment.provider]);
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-signature': `sha256=${signature}` },
      body: text,
      redirect: 'manual',
      signal: AbortSignal.any([state.signal, AbortSignal.timeout(timeoutMs)]),
    });
    await response.body?.cancel();
    state.count(`${payment.provider} callback ${response.status}`);
    return response.status;
  } catch {
    state.count(`${payment.provider} callback 0`);
    return 0;
  }
}

function urlOf({ callbackUrl }: SimulatorState, provider: SimulatedProvider): string | undefined {
  return callbackUrl && `${callbackUrl}/${provider.toLowerCase()}`;
}

/** The simulator stands for other companies: it signs by its own code, and the service verifies by its own. */
function sign(text: string, secret: string): string {
  return createHmac('sha256', secret).update(text).digest('hex');
}
