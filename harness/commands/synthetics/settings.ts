import { CountersignError } from '../../errors.ts';
import type { ExportTarget } from '../../synthetics/export/define.ts';
import type { Arguments } from '../command.ts';

/** Each `--set NAME=VALUE`, held against what the target knows; USAGE names what there is. */
export function settingsOf(
  args: Arguments,
  target: ExportTarget,
  more: readonly string[] = [],
): Record<string, string> {
  const given = [args.flags['set'] ?? []].flat().map(String);
  return Object.fromEntries([...given, ...more].map((text) => pair(text, target)));
}

function pair(text: string, { name: target, settings }: ExportTarget): [string, string] {
  const at = text.indexOf('=');
  const [name, value] = [text.slice(0, at), text.slice(at + 1)];
  const setting = at > 0 && Object.hasOwn(settings, name) ? settings[name] : undefined;
  if (!setting) {
    const known = Object.entries(settings).map(([each, { summary }]) => `${each} (${summary})`);
    throw new CountersignError('USAGE', `\`${text}\` is no setting of ${target}`, {
      hint: known.length > 0 ? `settings: ${known.join('; ')}` : `${target} has no settings`,
    });
  }
  if (setting.pattern && !setting.pattern.test(value)) {
    throw new CountersignError('USAGE', `\`${value}\` will not do for ${name}`, { hint: setting.summary });
  }
  return [name, value];
}
