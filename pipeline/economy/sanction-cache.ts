import type { Term } from './sanctions.ts';

export interface SanctionCache {
  /** What was kept, else what `load` gives, which is then kept. */
  read(userId: string, load: () => Promise<Term[]>): Promise<Term[]>;
  invalidate(userId: string): void;
  clear(): void;
}

export interface CacheObserver {
  hit(): void;
  miss(): void;
  invalidation(): void;
}

export interface CacheOptions {
  ttlMs: number;
  observer: CacheObserver;
  maxEntries?: number;
  now?: () => number;
}

const keyOf = (userId: string) => `moderation:user:${userId}:sanctions`;

/** Of this instance. What another instance changes is seen here when the entry is over, after the TTL at most. */
export function createSanctionCache(options: CacheOptions): SanctionCache {
  const { ttlMs, observer, maxEntries = 10_000, now = () => performance.now() } = options;
  const entries = new Map<string, { terms: Term[]; until: number }>();
  let generation = 0;
  return {
    async read(userId, load) {
      const key = keyOf(userId);
      const kept = entries.get(key);
      if (kept && now() < kept.until) {
        observer.hit();
        return kept.terms;
      }
      observer.miss();
      const before = generation;
      const until = now() + ttlMs;
      const terms = await load();
      // What was read before an invalidation may be what was invalidated.
      if (before !== generation) return terms;
      entries.delete(key);
      entries.set(key, { terms, until });
      const [oldest] = entries.keys();
      if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
      return terms;
    },
    invalidate(userId) {
      generation += 1;
      entries.delete(keyOf(userId));
      observer.invalidation();
    },
    clear() {
      generation += 1;
      entries.clear();
    },
  };
}
