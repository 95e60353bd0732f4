import type { ProbeType } from '../criteria-schema.ts';
import type { Looking } from './looking.ts';

interface Prober {
  /** Fills the sight of `looking`. Throws Failure for what is wrong there, CountersignError for what is wrong here. */
  look(check: never, looking: Looking): Promise<void>;
}

/** Loaded when the first check of a type is probed: most files need few of them. */
const loaders: Readonly<Record<ProbeType, () => Promise<Prober>>> = {
  http: () => import('./http.ts'),
  tcp: () => import('./tcp.ts'),
  dns: () => import('./dns.ts'),
  tls: () => import('./tls.ts'),
  websocket: () => import('./websocket.ts'),
  grpc: () => import('./grpc.ts'),
  browser: () => import('./browser.ts'),
  script: () => import('./script.ts'),
};

const loaded = new Map<ProbeType, Promise<Prober>>();

export function loadProber(type: ProbeType): Promise<Prober> {
  const known = loaded.get(type) ?? loaders[type]();
  loaded.set(type, known);
  return known;
}
