import { parseDuration } from '../../../config/duration.ts';
import type { HttpCheck } from '../../check-schema.ts';
import type { CheckOf } from '../../definition.ts';
import { translateCriteria } from '../criteria.ts';
import type { Ledger } from '../ledger.ts';
import { anySuccess, saysStatus, statements } from './assertions.ts';
import { expression } from './code.ts';

const head = `// Written by countersign synthetics; changes by hand are overwritten.
const assert = require('assert');
const captured = {};
`;

const tail = `
function ask(options) {
  return new Promise((done, fail) => {
    const from = Date.now();
    $http(options, (error, response, body) => {
      if (error) return fail(error);
      const text = typeof body === 'string' ? body : Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body);
      done({ status: response.statusCode, headers: response.headers, body: text || '', ms: Date.now() - from });
    });
  });
}

function left() {
  const ms = deadline - Date.now();
  assert.ok(ms > 0, 'the time is up');
  return ms;
}

function same(one, other) {
  if (typeof one !== 'object' || one === null || typeof other !== 'object' || other === null) return one === other;
  const keys = Object.keys(one);
  if (Array.isArray(one) !== Array.isArray(other) || keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => Object.keys(other).includes(key) && same(one[key], other[key]));
}

function valueAt(document, pointer) {
  const keys = pointer.split('/').slice(1);
  return keys.reduce((value, key) => {
    const name = key.replace(/~1/g, '/').replace(/~0/g, '~');
    return value === null || value === undefined ? undefined : value[name];
  }, document);
}
`;

/** The script of a scripted API monitor that does what the check says, request after request. */
export function scriptOf(ledger: Ledger<CheckOf<'http'>>): string {
  const timeoutMs = parseDuration(ledger.take('timeout'));
  const follow = ledger.take('follow') ?? 0;
  if (follow > 0) ledger.lose('follow', follow, 'the monitor follows all redirects or none', 'all');
  const options = {
    followRedirect: follow > 0,
    ...(ledger.take('insecure') ? { strictSSL: false } : {}),
  };
  const blocks = partsOfCheck(ledger).map(([name, step]) => blockOf(name, step, options));
  return `${head}const deadline = Date.now() + ${timeoutMs};\n\n(async () => {\n  let answer;\n${blocks.join('\n')}})();\n${tail}`;
}

type Step = Pick<HttpCheck, 'method' | 'url' | 'headers' | 'body' | 'json' | 'capture' | 'success_criteria'>;

/** The first request is the check's own; its criteria judge the last one. */
function partsOfCheck(ledger: Ledger<CheckOf<'http'>>): [string, Ledger<Step>][] {
  const steps = ledger.take('steps');
  if (!steps) return [['', ledger]];
  const criteria = ledger.take('success_criteria') ?? [];
  const fields = ['method', 'headers', 'body', 'json', 'capture'] as const;
  const given = Object.fromEntries(fields.map((field) => [field, ledger.take(field)]));
  const first = ledger.inside('first', { ...given, url: ledger.take('url') } as Step);
  const others = steps.map((step, index): [string, Ledger<Step>] => {
    const { name = `step ${index + 2}`, ...rest } = step;
    const own = index === steps.length - 1 ? [...(step.success_criteria ?? []), ...criteria] : undefined;
    const whole = own && own.length > 0 ? { ...rest, success_criteria: own } : rest;
    return [name, ledger.inside(`steps.${index}`, whole)];
  });
  return [['first', first], ...others];
}

function blockOf(name: string, step: Ledger<Step>, options: object): string {
  const json = step.take('json');
  const plain = step.take('body');
  const given = step.take('headers') ?? {};
  const typed = Object.keys(given).some((each) => each.toLowerCase() === 'content-type');
  const headers = json === undefined || typed ? given : { 'Content-Type': 'application/json', ...given };
  const body = json === undefined ? plain : JSON.stringify(json);
  const request = {
    method: step.take('method') ?? 'GET',
    url: step.take('url'),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(body === undefined ? {} : { body }),
    ...options,
  };
  const said = translateCriteria(step, statements, 'the script has nothing for it');
  const checks = [...(said.some(saysStatus) ? [] : [anySuccess]), ...said];
  const captures = Object.entries(step.take('capture') ?? {}).map(([key, from]) => captureOf(key, from));
  const comment = name === '' ? [] : [`// ${name.replaceAll(/\s+/g, ' ')}`];
  const lines = [
    ...comment,
    `answer = await ask({ ...${expression(request)}, timeout: left() });`,
    ...checks,
    ...captures,
  ];
  return lines.map((line) => `  ${line}\n`).join('');
}

function captureOf(name: string, from: string): string {
  const [, header] = /^header:(.*)$/s.exec(from) ?? [];
  const target = `captured[${JSON.stringify(name)}]`;
  if (header !== undefined)
    return `${target} = answer.headers[${JSON.stringify(header.trim().toLowerCase())}];`;
  return `${target} = valueAt(JSON.parse(answer.body), ${JSON.stringify(from)});`;
}
