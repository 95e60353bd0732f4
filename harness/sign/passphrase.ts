import { readFile } from 'node:fs/promises';
import { CountersignError, messageOf } from '../errors.ts';
import { isEncrypted, loadSigner, type Signer } from './keys.ts';

export interface PassphraseSource {
  /** `--passphrase-file FILE` */
  file?: string | undefined;
  env: Readonly<Record<string, string | undefined>>;
  ask(prompt: string): Promise<string>;
}

/** From a file, else from COUNTERSIGN_PASSPHRASE, else from the person at the terminal. */
export async function readPassphrase(source: PassphraseSource, prompt: string): Promise<string> {
  if (source.file !== undefined) return (await readKeyFile(source.file)).replace(/\r?\n$/, '');
  return source.env['COUNTERSIGN_PASSPHRASE'] ?? (await source.ask(prompt));
}

/** A person's key from its PEM file; the passphrase is asked for only where there is one. */
export async function signerFromFile(path: string, source: PassphraseSource): Promise<Signer> {
  const pem = await readKeyFile(path);
  if (!isEncrypted(pem)) return loadSigner(pem);
  return loadSigner(pem, await readPassphrase(source, `passphrase of ${path}: `));
}

async function readKeyFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new CountersignError('KEY_INVALID', `${path} can't be read: ${messageOf(cause)}`);
  }
}
