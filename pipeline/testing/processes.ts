import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a file of the repository as a user would, with this environment and nothing else but PATH. */
export async function runScript(file: string, args: string[], env: NodeJS.ProcessEnv): Promise<Finished> {
  const started = startScript(file, args, env);
  return started.finished;
}

export interface Started {
  child: ChildProcess;
  finished: Promise<Finished>;
  /** Resolves with the first match in what it prints. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
}

export function startScript(file: string, args: string[], env: NodeJS.ProcessEnv): Started {
  const child = spawn(process.execPath, [file, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const waiting: (() => void)[] = [];
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
    for (const look of waiting) look();
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    child,
    finished,
    printed(pattern) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(stdout);
          if (found) resolve(found);
        };
        waiting.push(look);
        look();
        void finished.then(() => reject(new Error(`it ended without printing ${pattern}: ${stderr}`)));
      });
    },
  };
}
