import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { execPath } from 'node:process';
import { CountersignError, messageOf } from '../errors.ts';
import { parseDuration } from './duration.ts';
import type { SecretConfig } from './environments.ts';
import { unescaped } from './percent.ts';

export interface SecretOptions {
  /** Relative files and commands start here. */
  root: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Values that the running stack made: they win over what is declared. */
  given: Readonly<Record<string, string>>;
  /** Called with every value before anyone else sees it, so that it can be redacted. */
  onSecret(value: string): void;
  /** Resolves `${…}` in the variables of a command. */
  text(template: string): Promise<string>;
}

/** Long enough that redacting the value does not tear ordinary words apart. */
const shortestRedacted = 4;

/** Reads secrets on first use, each once however many ask at the same time; one with `renew` again once it is older. */
export class Secrets {
  readonly #declared: Readonly<Record<string, SecretConfig>>;
  readonly #options: SecretOptions;
  readonly #values = new Map<string, { value: Promise<string>; readAt: number }>();

  constructor(declared: Readonly<Record<string, SecretConfig>>, options: SecretOptions) {
    this.#declared = declared;
    this.#options = options;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#declared, name) || Object.hasOwn(this.#options.given, name);
  }

  /** Reads what costs nothing to read, so that evidence is redacted before anyone has asked for the secret. */
  async learn(): Promise<void> {
    const cheap = Object.entries(this.#declared).filter(
      ([, config]) => 'file' in config || ('env' in config && !('command' in config)),
    );
    // What is missing is told to whoever needs it.
    await Promise.allSettled(cheap.map(([name]) => this.value(name)));
  }

  value(name: string): Promise<string> {
    const known = this.#values.get(name);
    if (known && performance.now() - known.readAt < this.#livesMs(name)) return known.value;
    const value = this.#read(name);
    this.#values.set(name, { value, readAt: performance.now() });
    value.catch(() => this.#values.delete(name));
    return value;
  }

  #livesMs(name: string): number {
    const config = Object.hasOwn(this.#declared, name) ? this.#declared[name] : undefined;
    return config && 'renew' in config && config.renew
      ? parseDuration(config.renew)
      : Number.POSITIVE_INFINITY;
  }

  async #read(name: string): Promise<string> {
    const value = await this.#fetch(name);
    if (value === '') throw missing(name, 'is empty');
    for (const part of sensitiveParts(value)) this.#options.onSecret(part);
    return value;
  }

  async #fetch(name: string): Promise<string> {
    if (Object.hasOwn(this.#options.given, name)) return this.#options.given[name] ?? '';
    const config = Object.hasOwn(this.#declared, name) ? this.#declared[name] : undefined;
    if (!config) throw missing(name, 'is not declared');
    if ('generate' in config) {
      throw missing(
        name,
        'is made by the local stack, which is not running',
        '`countersign stack up` makes it',
      );
    }
    if ('file' in config) return this.#fromFile(name, config.file);
    if ('command' in config) return this.#fromCommand(name, config.command, config.env ?? {});
    const value = this.#options.env[config.env];
    if (value === undefined)
      throw missing(name, `needs the environment variable ${config.env}, which is not set`);
    return value;
  }

  async #fromFile(name: string, file: string): Promise<string> {
    try {
      return (await readFile(resolve(this.#options.root, file), 'utf8')).trimEnd();
    } catch (cause) {
      throw missing(name, `can't be read from ${file}: ${messageOf(cause)}`);
    }
  }

  async #fromCommand(name: string, command: readonly string[], env: Record<string, string>): Promise<string> {
    const [named = '', ...args] = command;
    // As in the commands of a stack: `node` is the one that runs us, whatever PATH has.
    const program = named === 'node' ? execPath : named;
    const own: Record<string, string | undefined> = { ...this.#options.env };
    for (const [key, template] of Object.entries(env)) own[key] = await this.#options.text(template);
    return new Promise((done, fail) => {
      execFile(program, args, { cwd: this.#options.root, env: own, timeout: 30_000 }, (error, stdout) => {
        // What the command printed may be the secret itself, so no word of it goes into the error.
        if (error)
          fail(
            missing(
              name,
              `could not be read: the command \`${named}\` failed (${error.code ?? error.signal})`,
            ),
          );
        else done(stdout.trimEnd());
      });
    });
  }
}

function missing(name: string, problem: string, hint?: string): CountersignError {
  return new CountersignError('SECRET_MISSING', `the secret \`${name}\` ${problem}`, hint ? { hint } : {});
}

/** The value, and the password inside it when it is a URL: a driver's error may show the password alone. */
export function sensitiveParts(value: string): string[] {
  const parts = [value];
  if (URL.canParse(value)) {
    const { password } = new URL(value);
    if (password) parts.push(password, unescaped(password));
  }
  return [...new Set(parts)].filter((part) => part.length >= shortestRedacted);
}
