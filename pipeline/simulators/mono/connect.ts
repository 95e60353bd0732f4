import type { FastifyInstance } from 'fastify';
import { successful } from './envelope.ts';
import { Refusal, type SimulatorState } from './state.ts';

/** Mono's documented sandbox customer. */
const sandboxCustomer = { username: 'user_good', password: '123456' };

/** What the widget does behind its window: a session at a bank, then the customer's login, which gives a code. */
export function registerConnect(app: FastifyInstance, state: SimulatorState): void {
  const { now } = state.settings;
  const sessions = new Set<string>();

  app.post('/v2/connect/session', { config: { endpoint: 'session' } }, () => {
    const id = `session_${state.nextSerial()}`;
    sessions.add(id);
    return successful(now(), { id, expiresAt: new Date(now().getTime() + 10 * 60_000).toISOString() });
  });
  app.post('/v2/connect/login', { config: { endpoint: 'login' } }, (request) => {
    const session = request.headers['x-session-id'];
    if (typeof session !== 'string' || !sessions.delete(session)) throw new Refusal(400, 'Invalid session');
    const { username, password } = (request.body ?? {}) as Record<string, unknown>;
    if (username !== sandboxCustomer.username || password !== sandboxCustomer.password) {
      throw new Refusal(401, 'Invalid credentials');
    }
    return successful(now(), { code: state.issueCode(state.settings.loginAccount) });
  });
}
