import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CountersignError } from '../../errors.ts';
import type { VerifyOptions } from '../../sign/verify.ts';
import { type Arguments, type Io, stringFlag } from '../command.ts';

export const trustedRootFlag = {
  'trusted-root': {
    type: 'string',
    value: 'FILE',
    summary: 'logs and time-stamp authorities whose times are believed',
  },
} as const;

/** Nobody's time is believed by default: who is, the one who verifies says. */
export async function trustedRoot(args: Arguments, io: Io): Promise<Pick<VerifyOptions, 'trustedRoot'>> {
  const file = stringFlag(args, 'trusted-root');
  if (file === undefined) return {};
  try {
    return { trustedRoot: await readFile(resolve(io.cwd, file)) };
  } catch (cause) {
    throw new CountersignError('CONFIG_MISSING', 'there is no such trusted root', { where: { file }, cause });
  }
}
