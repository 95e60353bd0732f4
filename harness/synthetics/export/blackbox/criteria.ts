import { isObject } from '../../../checks/json.ts';
import { asList, type Range, type Translations, wholeRange } from '../criteria.ts';
import { celPath, celValue, inGo, jsonExpression, quoted } from './expressions.ts';

/** What one criterion adds: to the module, to the CEL of the module, or as a failure that PromQL can tell. */
export interface Part {
  codes?: readonly number[];
  matching?: string;
  notMatching?: string;
  header?: { header: string; regexp: string };
  cel?: string;
  /** Milliseconds that will do. */
  time?: Range;
  /** Days left that will do. */
  days?: Range;
}

type Lose = (why: string, became?: unknown) => void;

/** What neither a module nor a rule may hold. */
export const noSecrets = 'a secret would stand in a file that many can read';

const seesText = 'an expression sees the text, not where it stands; exporters from 0.27 judge JSON itself';

/** Criteria of http. `cel`: may JSON be judged by CEL? */
export function httpTranslations(cel: boolean, follows: boolean): Translations<Part> {
  return {
    ...timed,
    status_code: (said) => ({ codes: asList<number>(said) }),
    body_contains: (said) => asList<string>(said).map((text) => ({ matching: quoted(text) })),
    body_not_contains: (said) => asList<string>(said).map((text) => ({ notMatching: quoted(text) })),
    body_matches: (said, lose) => {
      const matching = inGo(said);
      if (matching === undefined) lose("Go's regular expressions have nothing like it");
      return matching === undefined ? [] : { matching };
    },
    headers_contain: (said) =>
      Object.entries(said).map(([header, text]) => ({ header: { header, regexp: `(?i)${quoted(text)}` } })),
    redirects_to: (said, lose) => {
      if (follows) {
        lose('the exporter does not tell where redirects led');
        return [];
      }
      const header = { header: 'Location', regexp: `^${quoted(said)}` };
      lose('the header is judged as it was sent, which may be a part of the address', header);
      return { header };
    },
    body_json: (said, lose) => Object.entries(said).flatMap(([at, value]) => jsonAt(at, value, cel, lose)),
    body_json_equals: (said, lose) => wholeJson(said, cel, lose),
  };
}

export const timed: Translations<Part> = {
  response_time_ms: (said, lose) => ranged('time', said, lose),
  certificate_days: (said, lose) => ranged('days', said, lose),
};

function ranged(kind: 'time' | 'days', said: string, lose: Lose): Part[] {
  const range = wholeRange(said);
  if (range) return [{ [kind]: range }];
  lose('it is never a fraction, so this never holds');
  return [];
}

function jsonAt(pointer: string, value: unknown, cel: boolean, lose: Lose): Part[] {
  const path = celPath(pointer);
  if (cel && path !== undefined) return [{ cel: `${path} == ${celValue(value)}` }];
  if (cel) {
    lose(`in CEL the body is an object, which \`${pointer}\` is not about`);
    return [];
  }
  const key = pointer.split('/').at(-1)?.replaceAll('~1', '/').replaceAll('~0', '~') ?? '';
  const named = key === '' || /^\d+$/.test(key) ? '' : `${quoted(JSON.stringify(key))}\\s*:\\s*`;
  const matching = `${named}${jsonExpression(value)}`;
  lose(seesText, matching);
  return [{ matching }];
}

function wholeJson(said: unknown, cel: boolean, lose: Lose): Part[] {
  if (cel && isObject(said)) return [{ cel: `body == ${celValue(said)}` }];
  const matching = `^\\s*${jsonExpression(said)}\\s*$`;
  lose(`${seesText}; keys must come in this order`, matching);
  return [{ matching }];
}
