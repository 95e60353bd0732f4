import { parseExactly, pointTo } from '../../checks/json.ts';
import { Failure } from './looking.ts';

/** Takes values out of what came, unredacted, for what follows. Throws Failure for one that is not there. */
export function capture(
  wanted: Readonly<Record<string, string>>,
  { text, headers = {} }: { text: string | undefined; headers?: Readonly<Record<string, string>> },
  into: Map<string, string>,
): void {
  let document: unknown;
  let parsed = false;
  for (const [name, from] of Object.entries(wanted)) {
    let value: unknown;
    if (from.startsWith('header:')) value = headers[from.slice('header:'.length).trim().toLowerCase()];
    else {
      if (!parsed) document = parse(text ?? '', name);
      parsed = true;
      value = pointTo(document, from);
    }
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      throw new Failure(`sent no single value at \`${from}\` to capture as \`${name}\``);
    }
    into.set(`capture.${name}`, String(value));
  }
}

function parse(text: string, name: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    throw new Failure(`sent no JSON from which \`${name}\` could be captured`);
  }
}
