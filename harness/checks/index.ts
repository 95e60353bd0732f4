import { CountersignError } from '../errors.ts';
import type { CheckKind } from './define.ts';

type Loader = () => Promise<{ default: CheckKind<never, never> }>;

/** One lazy, sorted line a kind. `parity.test.ts` holds this list, the folders, the pages and the schemas equal. */
const builtIn: Record<string, Loader> = {
  'alert-channel': () => import('./alert-channel/alert-channel.ts') as never,
  alerts: () => import('./alerts/alerts.ts') as never,
  call: () => import('./call/call.ts') as never,
  dashboards: () => import('./dashboards/dashboards.ts') as never,
  env: () => import('./env/env.ts') as never,
  flag: () => import('./flag/flag.ts') as never,
  gate: () => import('./gate/gate.ts') as never,
  http: () => import('./http/http.ts') as never,
  latency: () => import('./latency/latency.ts') as never,
  logs: () => import('./logs/logs.ts') as never,
  promql: () => import('./promql/promql.ts') as never,
  reconcile: () => import('./reconcile/reconcile.ts') as never,
  script: () => import('./script/script.ts') as never,
  smoke: () => import('./smoke/smoke.ts') as never,
  sql: () => import('./sql/sql.ts') as never,
  synthetics: () => import('./synthetics/synthetics.ts') as never,
  window: () => import('./window/window.ts') as never,
};

export const builtInKinds = Object.keys(builtIn);

/** Kinds by name: the built-in ones and those of a user's `countersign.config.ts`. */
export class KindRegistry {
  readonly #own = new Map<string, CheckKind>();

  constructor(own: readonly CheckKind[] = []) {
    for (const kind of own) {
      if (Object.hasOwn(builtIn, kind.kind) || this.#own.has(kind.kind)) {
        throw new CountersignError('CONFIG_INVALID', `the check kind \`${kind.kind}\` is declared twice`, {
          hint: 'choose another name in countersign.config.ts; built-in kinds cannot be replaced',
        });
      }
      this.#own.set(kind.kind, kind);
    }
  }

  get names(): string[] {
    return [...builtInKinds, ...this.#own.keys()].sort();
  }

  has(name: string): boolean {
    return Object.hasOwn(builtIn, name) || this.#own.has(name);
  }

  async load(name: string): Promise<CheckKind> {
    const own = this.#own.get(name);
    if (own) return own;
    const loader = Object.hasOwn(builtIn, name) ? builtIn[name] : undefined;
    if (!loader) {
      throw new CountersignError(
        'UNKNOWN_KIND',
        `there is no check kind \`${name}\`; known: ${this.names.join(', ')}`,
      );
    }
    return (await loader()).default as unknown as CheckKind;
  }
}
