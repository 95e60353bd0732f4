import { isShape } from '../config/validate.ts';
import { CountersignError } from '../errors.ts';
import { Type } from '../type.ts';
import type { AlertmanagerSource } from './define.ts';
import { fetchJson, type JsonEndpoint, postJson } from './fetch-json.ts';

const Receivers = Type.Array(Type.Object({ name: Type.String() }));
const Alerts = Type.Array(
  Type.Object({
    labels: Type.Record(Type.String(), Type.String()),
    status: Type.Object({ state: Type.String() }),
    startsAt: Type.String(),
    receivers: Receivers,
  }),
);

export interface AlertmanagerConfig {
  name: string;
  url: string;
  headers?: Record<string, string> | undefined;
  timeoutMs?: number | undefined;
}

/** Alertmanager's API v2. Silenced and inhibited alerts are told too, with the state `suppressed`. */
export function createAlertmanager(config: AlertmanagerConfig): AlertmanagerSource {
  const endpoint: JsonEndpoint = { ...config, title: `Alertmanager \`${config.name}\`` };
  const misshapen = () =>
    new CountersignError('SOURCE_ANSWER', `${endpoint.title} gave an answer of an unknown shape`);
  return {
    name: config.name,
    url: config.url,
    async alerts(signal) {
      const answer = await fetchJson(endpoint, '/api/v2/alerts', {}, signal);
      if (!isShape(Alerts, answer)) throw misshapen();
      return answer.map(({ labels, status, startsAt, receivers }) => ({
        labels,
        state: status.state,
        startsAt,
        receivers: receivers.map(({ name }) => name),
      }));
    },
    async receivers(signal) {
      const answer = await fetchJson(endpoint, '/api/v2/receivers', {}, signal);
      if (!isShape(Receivers, answer)) throw misshapen();
      return answer.map(({ name }) => name);
    },
    send: (alerts, signal) => postJson(endpoint, '/api/v2/alerts', alerts, signal),
  };
}
