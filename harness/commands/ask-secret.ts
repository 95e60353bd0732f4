import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CountersignError } from '../errors.ts';

/** Asks on the terminal without echo. */
export async function askSecret(from: NodeJS.Process, prompt: string): Promise<string> {
  if (!from.stdin.isTTY) {
    throw new CountersignError('USAGE', 'a passphrase is needed and there is no terminal to ask on', {
      hint: 'give --passphrase-file FILE, or set COUNTERSIGN_PASSPHRASE',
    });
  }
  from.stderr.write(prompt);
  const mute = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: from.stdin, output: mute, terminal: true });
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('SIGINT', () => reject(new CountersignError('INTERRUPTED', 'interrupted')));
      lines.once('close', () => reject(new CountersignError('USAGE', 'no passphrase was given')));
    });
  } finally {
    lines.close();
    from.stderr.write('\n');
  }
}
