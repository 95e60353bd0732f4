import type { Person, Signers } from '../../sign/signers.ts';

/** One thing that keeps a run from GO, and who has to do what about it. */
export interface Obstacle {
  /** An item's id, a role, or `report`, `run`. */
  about: string;
  /** What is wrong, in one sentence. */
  problem: string;
  /** Who can do something about it; nobody where it takes whoever looks after the thing itself. */
  who: { id: string; name: string; role: string }[];
  /** What to do, in words. */
  todo: string;
  /** Just that, to be typed. Words in capitals are for the reader to fill in. */
  commands: string[];
  /** Items that wait for this one. */
  holds_up: string[];
}

export interface Explanation {
  run: string;
  gate: string;
  environment: string;
  /** `null`: the run did not end. NO_GO where it was rejected. */
  decision: string | null;
  summary: string;
  obstacles: Obstacle[];
  /** What stands in nobody's way, and a reader should know. */
  notes: string[];
}

export function obstacle(about: string, problem: string, more: Partial<Obstacle>): Obstacle {
  return { about, problem, who: [], todo: '', commands: [], holds_up: [], ...more };
}

/** People by their name, as the signers file has them; without that file a role is all that is known. */
export function withRole(signers: Signers | undefined, role: string): Obstacle['who'] {
  return (signers?.people ?? []).filter(({ roles }) => roles.includes(role)).map((one) => named(one, role));
}

export function named({ id, name }: Pick<Person, 'id' | 'name'>, role: string): Obstacle['who'][number] {
  return { id, name, role };
}
