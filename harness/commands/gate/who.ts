import { defaultRequester } from '../../gate/release.ts';
import { type Arguments, stringFlag } from '../command.ts';

export const whoFlag = {
  as: { type: 'string', value: 'WHO', summary: 'who decides that; default: the e-mail of git' },
} as const;

/** A name for the journal and the report. It proves nothing: only signatures do. */
export async function whoSays(args: Arguments, root: string): Promise<string> {
  return stringFlag(args, 'as') ?? (await defaultRequester(root));
}
