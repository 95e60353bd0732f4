import type { Clock } from '../../checks/define.ts';
import type { LoadedItem } from '../../gate/load.ts';
import type { RunListener } from '../../gate/run.ts';
import { seen } from '../../report/html/watch.ts';
import { spentMs } from '../../report/measurements.ts';
import type { ItemReport, Undone } from '../../report/schema.ts';
import type { Terminal } from '../command.ts';
import { oneLine, paint, seconds, stateMark } from '../paint.ts';

export interface Progress extends RunListener {
  say(line: string): void;
  /** Ends the live part; what was printed stays. */
  close(): void;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const FRAME_MS = 80;
/** Titles stand in one column, where ids are no longer than most. */
const ID_WIDTH = 22;

/** One line an item as it ends; on a terminal also a line for each that runs, with its time and what it is doing. */
export function gateProgress(terminal: Terminal, clock: Clock, total: () => number): Progress {
  const running = new Map<string, { item: LoadedItem; since: number; note: string }>();
  let drawn = 0;
  let done = 0;
  let frame = 0;
  const timer = terminal.isTTY ? setInterval(redraw, FRAME_MS) : undefined;
  timer?.unref();

  function erase(): void {
    if (drawn > 0) terminal.write(`\u001b[${drawn}A\u001b[0J`);
    drawn = 0;
  }

  function redraw(): void {
    erase();
    frame += 1;
    const lines = [...running.values()].map(({ item, since, note }) => {
      const spin = FRAMES[frame % FRAMES.length] ?? '';
      const text = `${spin} ${seconds(clock.monotonic() - since).padStart(7)}  ${item.id}${note ? `: ${note}` : ''}`;
      return cut(text, terminal.columns - 1);
    });
    if (running.size > 0) lines.push(cut(`  ${done} of ${total()} items done`, terminal.columns - 1));
    for (const line of lines) terminal.write(`${paint(terminal, 'dim', line)}\n`);
    drawn = lines.length;
  }

  function print(text: string): void {
    erase();
    terminal.write(`${text}\n`);
    if (timer) redraw();
  }

  return {
    say: (line) => print(paint(terminal, 'dim', line)),
    kept() {
      done += 1;
    },
    started: (item) => void running.set(item.id, { item, since: clock.monotonic(), note: '' }),
    progress: (item, note) => void Object.assign(running.get(item.id) ?? {}, { note: oneLine(note) }),
    attempted(item, attempt) {
      if (attempt.state !== 'passed' && item.retries)
        print(`  ${item.id}: attempt ${attempt.state}: ${oneLine(attempt.reason ?? '')}`);
    },
    finished(item, report) {
      running.delete(item.id);
      done += 1;
      print(itemLine(terminal, report));
    },
    halted: (because) => print(haltLine(terminal, because)),
    undoing: (item) => void running.set(item.id, { item, since: clock.monotonic(), note: 'is undone' }),
    undone(item, undone) {
      running.delete(item.id);
      print(undoLine(terminal, item, undone));
    },
    close() {
      clearInterval(timer);
      erase();
    },
  };
}

function haltLine(terminal: Terminal, because: string): string {
  return `${paint(terminal, 'bold', 'halted')}: \`${because}\` did not pass, and what was done is undone`;
}

function undoLine(terminal: Terminal, { id }: LoadedItem, { state, reason }: Undone): string {
  const cause = reason ? `: ${oneLine(reason)}` : '';
  return `${stateMark(terminal, state)} ${' '.repeat(7)}  undo of ${id}${cause}`;
}

/** State, time, title; then, where it did not pass, why, and the hint. */
export function itemLine(terminal: Terminal, report: ItemReport): string {
  const time = report.attempts.length > 0 ? seconds(spentMs(report)) : '';
  const head = `${stateMark(terminal, report.state)} ${time.padStart(7)}  ${report.id.padEnd(ID_WIDTH)}  ${paint(terminal, 'dim', oneLine(report.title))}`;
  const { undo, watch, state, reason } = report;
  const quiet = state === 'passed' || state === 'rehearsed';
  const hint = quiet ? undefined : report.attempts.at(-1)?.error?.hint;
  const taken = undo && (undo.state === 'passed' ? 'undone' : `NOT UNDONE: ${undo.reason ?? undo.state}`);
  const lines = [taken, watch && seen(watch), quiet ? undefined : reason, hint && `hint: ${hint}`];
  return [
    head,
    ...lines.flatMap((line) => line || []).map((line) => `${' '.repeat(21)}${oneLine(line)}`),
  ].join('\n');
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, Math.max(1, width - 1))}…` : text;
}
