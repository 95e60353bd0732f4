export interface Places {
  readonly free: number;
  readonly waiting: number;
  /** In the order of asking; false when none came free in time. */
  take(patienceMs: number): Promise<boolean>;
  /** One that was taken is free again. */
  give(): void;
}

/** So many at once; who comes then waits in line. */
export function createPlaces(count: number): Places {
  let free = count;
  const line = new Set<() => void>();
  return {
    get free() {
      return free;
    },
    get waiting() {
      return line.size;
    },
    async take(patienceMs) {
      if (free > 0) {
        free -= 1;
        return true;
      }
      return new Promise((resolve) => {
        const serve = () => {
          clearTimeout(timer);
          resolve(true);
        };
        const timer = setTimeout(() => {
          line.delete(serve);
          resolve(false);
        }, patienceMs);
        line.add(serve);
      });
    },
    give() {
      const [next] = line;
      if (!next) {
        free += 1;
        return;
      }
      line.delete(next);
      next();
    },
  };
}
