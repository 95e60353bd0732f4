import type { Path } from '../../config/yaml.ts';
import type { LintRule } from './define.ts';

/** Names of headers, parameters and variables whose value is a secret. */
const secretName =
  /authorization|cookie|token|secret|passw(or)?d|api[-_]?key|sec[-_]key|access[-_]?key|credential|private[-_]?key|session/i;

const secretFlag = /(token|secret|passw(or)?d|api[-_]?key|access[-_]?key|private[-_]?key|credentials?)$/i;

/** What vendors' secrets look like, wherever they stand. */
const secretShapes = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*/,
  /\b(sk|pk|rk)_(live|test)_[A-Za-z0-9]{8,}/,
  /\b(live|test)_(sk|pk|sec)_[A-Za-z0-9]{8,}/,
  /\bgh[pousr]_[A-Za-z0-9]{20,}/,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/,
  /\bAKIA[A-Z0-9]{16}\b/,
  /hooks\.slack\.com\/services\/T[A-Za-z0-9]+\//,
];

const hint = 'declare it under `secrets` of an environment and write ${secret.NAME} in its place';

/** A secret belongs into a vault: here stands its name only. */
export const lintSecrets: LintRule = ({ definition }, report) => {
  const { checks, alerting, environments } = definition;
  const visit = (value: unknown, path: Path): void => {
    if (typeof value === 'string') {
      const problem = problemOf(value, path);
      if (problem) report({ path, message: problem, hint });
    } else if (typeof value === 'object' && value !== null) {
      const argument = path.at(-1) === 'args' && Array.isArray(value) ? secretArgument(value) : undefined;
      if (argument) report({ path, message: argument, hint });
      for (const [key, item] of Object.entries(value)) {
        visit(item, [...path, Array.isArray(value) ? Number(key) : key]);
      }
    }
  };
  visit(checks, ['checks']);
  visit(alerting, ['alerting']);
  for (const [name, { vars, base_url }] of Object.entries(environments ?? {})) {
    visit(vars, ['environments', name, 'vars']);
    visit(base_url, ['environments', name, 'base_url']);
  }
};

/** Never quotes the text: the message may end in a log. */
function problemOf(text: string, path: Path): string | undefined {
  if (secretShapes.some((shape) => shape.test(text))) return 'this has the shape of a secret';
  const inUrl = secretInUrl(text);
  if (inUrl) return inUrl;
  const key = String(path.at(-1));
  const named = path.slice(0, -1).some((step) => namedBy.has(step)) && secretName.test(key);
  if (named && isLiteral(text)) return `\`${key}\` holds a literal`;
  // What is waited for is no secret of ours.
  const sent = !path.includes('success_criteria') && !path.includes('expect');
  const [, name] = sent ? (secretPair(text, /"([^"\\]+)"\s*:\s*"([^"]*)"/g, secretName) ?? []) : [];
  if (name !== undefined) return `\`${name}\` in this JSON holds a literal`;
  // Names and expectations are made by people.
  if (['name', 'expect', 'description', 'message', 'condition'].some((field) => path.includes(field)))
    return undefined;
  const word = text.split(/[^A-Za-z0-9+_=-]+/).find(isRandom);
  return word === undefined ? undefined : `this holds ${word.length} characters that look random`;
}

/** Fields within which a name says what its value is. */
const namedBy = new Set<string | number>(['headers', 'env', 'vars', 'json']);

/** The first name with a literal value, of pairs that a pattern finds. */
function secretPair(text: string, pairs: RegExp, names: RegExp): readonly string[] | undefined {
  return [...text.matchAll(pairs)].find(([, name = '', value = '']) => names.test(name) && isLiteral(value));
}

/** Such as `--token=…`, and `--token` with the next argument; `--token-file` is none. */
function secretArgument(args: readonly unknown[]): string | undefined {
  const text = args.join('\0');
  const [, name] = secretPair(text, /(?:^|\0)--?([a-z][a-z_-]*)(?:=|\0(?!-))([^\0]+)/gi, secretFlag) ?? [];
  return name === undefined ? undefined : `the argument \`${name}\` is a literal`;
}

function secretInUrl(text: string): string | undefined {
  const [, password] = /^[a-z][a-z0-9+.-]*:\/\/[^/@\s]*:([^/@\s]+)@/i.exec(text) ?? [];
  if (password !== undefined && isLiteral(password)) return 'this URL holds a password';
  for (const [, name = '', value = ''] of text.matchAll(/[?&]([^=&#]+)=([^&#]*)/g)) {
    if (secretName.test(name) && isLiteral(value))
      return `the parameter \`${name}\` of this URL holds a literal`;
  }
  return undefined;
}

/** Text that stands in the file itself; `Bearer ${secret.X}` does not. */
function isLiteral(text: string): boolean {
  return text.trim() !== '' && !/\$\{(secret|vars|env|capture)\./.test(text);
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Letters and digits mixed as no word mixes them: three bits a character for hex, four for more letters. */
function isRandom(word: string): boolean {
  if (word.length < 20 || uuid.test(word) || !/[0-9]/.test(word) || !/[a-zA-Z]/.test(word)) return false;
  if (/^[0-9a-f]+$/i.test(word)) return word.length >= 32 && entropy(word) > 3;
  return entropy(word) > 4 && !/^[a-z]+([-_][a-z0-9]+)+$/i.test(word);
}

/** Shannon's, in bits a character. */
function entropy(text: string): number {
  const counts = Map.groupBy(text, (character) => character);
  return [...counts.values()].reduce((sum, { length }) => {
    const share = length / text.length;
    return sum - share * Math.log2(share);
  }, 0);
}
