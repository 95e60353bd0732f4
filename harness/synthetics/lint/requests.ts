import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Path } from '../../config/yaml.ts';
import { messageOf } from '../../errors.ts';
import type { Finding, LintRule } from './define.ts';

interface Request {
  url: string;
  headers?: Record<string, string>;
  json?: unknown;
  body?: string;
}

/** Requests that nobody could send as they stand; what a reference stands for is not known here. */
export const lintRequests: LintRule = ({ definition }, report) => {
  for (const [index, check] of definition.checks.entries()) {
    const path = ['checks', index];
    if (check.type === 'websocket') lintRequest(check, /^wss?:$/, path, report);
    if (check.type !== 'http') continue;
    lintRequest(check, /^https?:$/, path, report);
    for (const [position, step] of (check.steps ?? []).entries()) {
      lintRequest(step, /^https?:$/, [...path, 'steps', position], report);
    }
  }
};

function lintRequest(
  request: Request,
  protocols: RegExp,
  path: Path,
  report: (found: Finding) => void,
): void {
  const { url, headers = {}, json, body } = request;
  if (!url.includes('${') && !protocols.test(URL.parse(url)?.protocol ?? '')) {
    const hint = protocols.test('ws:') ? 'such as wss://host/path' : 'such as https://host/path';
    report({ path: [...path, 'url'], message: 'this is no URL that can be asked', hint });
  }
  if (json !== undefined && body !== undefined) {
    report({
      path: [...path, 'body'],
      key: true,
      message: '`json` is sent, and `body` is not',
      hint: 'keep one',
    });
  }
  for (const [name, value] of Object.entries(headers)) {
    const problem = headerProblem(name, value);
    if (problem) report({ path: [...path, 'headers', name], key: true, message: problem });
  }
}

/** Never quotes the value: it may be a secret. */
function headerProblem(name: string, value: string): string | undefined {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}
