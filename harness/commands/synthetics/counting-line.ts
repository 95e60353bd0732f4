import type { ProbeState } from '../../synthetics/observation.ts';
import type { Terminal } from '../command.ts';

/** One line that counts while the probes run. Without a terminal it says nothing. */
export interface CountingLine {
  begin(total: number): void;
  count(state: ProbeState): void;
  /** A line of its own above it. */
  say(text: string): void;
  close(): void;
}

const clear = '\r\u001b[K';

export function countingLine(terminal: Terminal): CountingLine {
  let [total, done, wrong] = [0, 0, 0];
  let shown = false;
  const draw = () => {
    if (!terminal.isTTY || total === 0) return;
    shown = true;
    terminal.write(`${clear}${done} of ${total} probed${wrong > 0 ? `, ${wrong} not passed` : ''}`);
  };
  const close = () => {
    if (shown) terminal.write(clear);
    shown = false;
  };
  return {
    begin(of) {
      total = of;
      draw();
    },
    count(state) {
      done += 1;
      if (state === 'failed' || state === 'error') wrong += 1;
      draw();
    },
    say(text) {
      close();
      terminal.write(`${text}\n`);
      draw();
    },
    close,
  };
}
