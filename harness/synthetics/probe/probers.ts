import { CountersignError } from '../../errors.ts';
import type { ProbeType } from '../criteria-schema.ts';
import type { Looking } from './looking.ts';

interface Prober {
  /** Fills the sight of `looking`. Throws Failure for what is wrong there, CountersignError for what is wrong here. */
  look(check: never, looking: Looking): Promise<void>;
}

/** Loaded when the first check of a type is probed: most files need few of them. */
const loaders: Readonly<Partial<Record<ProbeType, () => Promise<Prober>>>> = {
  http: () => import('./http.ts'),
};

const loaded = new Map<ProbeType, Promise<Prober>>();

export function loadProber(type: ProbeType): Promise<Prober> {
  const load = loaders[type];
  if (!load) throw new CountersignError('CONFIG_INVALID', `there is no probe of type \`${type}\``);
  const known = loaded.get(type) ?? load();
  loaded.set(type, known);
  return known;
}
