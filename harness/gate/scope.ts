import type { CheckContext } from '../checks/define.ts';
import type { ArtifactRecord } from '../report/schema.ts';
import type { Sources } from '../sources/define.ts';
import type { EvidenceStore } from './evidence.ts';
import type { RunInput } from './run.ts';

type Shared = Omit<CheckContext, 'item' | 'attempt' | 'needs' | 'artifact' | 'progress'>;

/** Makes the context of each attempt: its own evidence names, and a note of the simulators it asked. */
export function contextMaker(
  shared: Shared,
  evidence: EvidenceStore,
  simulators: readonly string[],
): RunInput['scope'] {
  return ({ item, attempt, under, needs, signal, progress }) => {
    const artifacts: ArtifactRecord[] = [];
    const simulated = new Set<string>();
    const context: CheckContext = {
      ...shared,
      item: item.id,
      attempt,
      needs,
      signal,
      progress,
      sources: watched(shared.sources, (name) => {
        if (simulators.includes(name)) simulated.add(name);
      }),
      artifact: async (name, content, mediaType) => {
        const artifact = await evidence.put(`${item.id}/${under}/${name}`, content, mediaType);
        const { sha256, bytes } = artifact;
        artifacts.push({ name: artifact.name, media_type: artifact.mediaType, sha256, bytes });
        return artifact;
      },
    };
    return { context, artifacts, simulated, forget: () => evidence.forget(artifacts) };
  };
}

function watched(sources: Sources, used: (name: string) => void): Sources {
  const note = async <T extends { readonly name: string }>(source: Promise<T>): Promise<T> => {
    const found = await source;
    used(found.name);
    return found;
  };
  return {
    http: (name) => note(sources.http(name)),
    postgres: (name) => note(sources.postgres(name)),
    prometheus: (name) => note(sources.prometheus(name)),
    alertmanager: (name) => note(sources.alertmanager(name)),
    logs: (name) => note(sources.logs(name)),
    close: () => sources.close(),
  };
}
