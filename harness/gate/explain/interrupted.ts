import type { History } from '../history.ts';
import { type Explanation, type Obstacle, obstacle } from './obstacle.ts';

export interface InterruptedQuestion {
  /** As the user named it, and its id. */
  run: string;
  id: string;
  history: History;
  /** What the runner said about itself: it holds the run. */
  held?: string | undefined;
  /** Ids of all items of the gate, where its copy can be read. */
  items: readonly string[];
  /** Ids of items that write. */
  writes: ReadonlySet<string>;
}

/** A run without a report: it is going on, was cut off, or was ended. Pure. */
export function explainInterrupted(question: InterruptedQuestion): Explanation {
  const { history, id } = question;
  const { finished } = history.restored;
  const done = `${finished.size} of ${question.items.length || '?'} items are done`;
  return {
    run: id,
    gate: history.started?.gate ?? '?',
    environment: history.started?.environment ?? '?',
    decision: null,
    summary: question.held ? `it is still going on; ${done}` : `it did not end, so it has no report; ${done}`,
    obstacles: obstaclesOf(question),
    notes: [
      ...[...finished.values()]
        .filter(({ state }) => state !== 'passed')
        .map(({ id: item, state, reason }) => `${item} ${state}${reason ? `: ${reason}` : ''}`),
      ...history.notes,
    ],
  };
}

function obstaclesOf({ run, history, held, writes }: InterruptedQuestion): Obstacle[] {
  if (held) return [obstacle('run', held, { todo: 'wait for it' })];
  const { started, restored } = history;
  if (!started) {
    return [
      obstacle('run', 'its runner ended before anything was measured', {
        todo: 'start a new run',
        commands: ['countersign gate run GATE'],
      }),
    ];
  }
  const open = [...restored.open].filter(
    (id) => writes.has(id) && !restored.repeat.has(id) && !restored.givenUp.has(id),
  );
  const choices = open.map((id) =>
    obstacle(id, 'it changes something, and its runner ended in the midst of it: it may have taken effect', {
      todo: 'look whether it did; then say whether to run it again, or to count it as an error',
      commands: [
        `countersign gate resume ${run} --repeat ${id}`,
        `countersign gate resume ${run} --give-up ${id}`,
      ],
    }),
  );
  const halted = restored.halted ? ` after it had stopped: ${restored.halted.because}` : '';
  return [
    ...choices,
    obstacle('run', `its runner ended${halted}`, {
      todo: 'go on with it, or end it for good',
      commands: [
        ...(choices.length > 0 ? [] : [`countersign gate resume ${run}`]),
        `countersign gate abort ${run}`,
        `countersign gate abort ${run} --undo`,
      ],
    }),
  ];
}
