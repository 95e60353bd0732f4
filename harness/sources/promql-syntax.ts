import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { CountersignError } from '../errors.ts';

/** One vector selector as it stands in a query, without its range and its offset. */
export interface Selector {
  text: string;
  /** Longest range, in milliseconds, over which the query reads it; 0 for an instant one. */
  rangeMs: number;
}

/** `quantile > 2`: the number must be a bucket bound of the histogram, or the quantile only interpolates across it. */
export interface QuantileThreshold {
  threshold: number;
  selectors: Selector[];
}

const unitsMs: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};

/** 1-based column of the first error, or nothing if the parser accepts the query. Types are the server's to judge. */
export function findSyntaxError(query: string): { column: number } | undefined {
  if (query.trim() === '') return { column: 1 };
  let column: number | undefined;
  parser.parse(query).iterate({
    enter: (node) => {
      if (node.type.isError && column === undefined) column = node.from + 1;
    },
  });
  return column === undefined ? undefined : { column };
}

/** A query without its spelling, its ranges and offsets apart: clocks that run faster change only those. */
export interface PromqlShape {
  text: string;
  /** Ranges and offsets, in the order of `text`. */
  durationsMs: number[];
}

/** Equal for queries that differ only in spelling: spaces, parentheses, label order, `5m` for `300s`. */
export function normalisePromql(query: string): string {
  return print(rootOf(query), query, (milliseconds) => `${milliseconds}ms`);
}

export function shapeOf(query: string): PromqlShape {
  const durationsMs: number[] = [];
  const text = print(rootOf(query), query, (milliseconds) => {
    durationsMs.push(milliseconds);
    return '#';
  });
  return { text, durationsMs };
}

export function findSelectors(query: string): Selector[] {
  const found = new Map<string, Selector>();
  for (const node of descendants(rootOf(query), 'VectorSelector')) {
    const text = query.slice(node.from, node.to).trim();
    const rangeMs = Math.max(found.get(text)?.rangeMs ?? 0, rangeAround(node, query));
    found.set(text, { text, rangeMs });
  }
  return [...found.values()];
}

export function findQuantileThresholds(query: string): QuantileThreshold[] {
  return descendants(rootOf(query), 'BinaryExpr').flatMap((node) => {
    const operands = childrenOf(node).filter(({ name }) => !comparisons.has(name) && name !== 'BoolModifier');
    if (!childrenOf(node).some(({ name }) => comparisons.has(name))) return [];
    const number = operands.find(({ name }) => name === 'NumberDurationLiteral');
    const quantile = operands.flatMap((operand) => descendants(operand, 'HistogramQuantile')).at(0);
    const call = quantile?.parent?.parent;
    if (!number || !call) return [];
    const threshold = literalValue(query.slice(number.from, number.to));
    return [{ threshold, selectors: findSelectors(query.slice(call.from, call.to)) }];
  });
}

const comparisons = new Set(['Gtr', 'Gte', 'Lss', 'Lte', 'Eql', 'EqlSingle', 'Neq']);

function rootOf(query: string): SyntaxNode {
  const wrong = findSyntaxError(query);
  if (wrong) {
    throw new CountersignError('CONFIG_INVALID', `not PromQL, at column ${wrong.column}: ${query}`);
  }
  return parser.parse(query).topNode;
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child; child = child.nextSibling) children.push(child);
  return children;
}

function descendants(node: SyntaxNode, name: string): SyntaxNode[] {
  const own = node.name === name ? [node] : [];
  return [...own, ...childrenOf(node).flatMap((child) => descendants(child, name))];
}

function rangeAround(node: SyntaxNode, query: string): number {
  let total = 0;
  for (let at = node.parent; at; at = at.parent) {
    if (at.name !== 'MatrixSelector' && at.name !== 'SubqueryExpr') continue;
    const range = childrenOf(at).find(({ name }) => name === 'DurationExpr');
    if (range) total += durationMs(query.slice(range.from, range.to)) ?? 0;
  }
  return total;
}

type PrintDuration = (milliseconds: number) => string;

/** An S-expression of the tree: structure already says what parentheses would. */
function print(node: SyntaxNode, query: string, duration: PrintDuration): string {
  const children = childrenOf(node);
  const text = query.slice(node.from, node.to).trim();
  switch (node.name) {
    case 'PromQL':
    case 'ParenExpr':
      return children.map((child) => print(child, query, duration)).join('');
    case 'VectorSelector':
      return printSelector(children, query);
    case 'StringLiteral':
      return JSON.stringify(unquote(text));
    case 'NumberDurationLiteral':
      return String(literalValue(text));
    case 'NumberDurationLiteralInDurationContext':
      return duration(Math.round(literalValue(text) * 1000));
    case 'GroupingLabels':
      return `(${children
        .map((child) => labelText(child, query))
        .sort()
        .join(',')})`;
    case 'UnaryExpr':
      return printSigned(children.map((child) => print(child, query, duration)));
    default:
  }
  if (children.length === 0) return leafText(node, text);
  const parts = meaningful(node, children, query).map((child) => print(child, query, duration));
  return `${node.name}[${parts.join(' ')}]`;
}

/** Keywords know no case; names do. */
function leafText(node: SyntaxNode, text: string): string {
  return node.name === 'Identifier' || node.name === 'LabelName' ? text : text.toLowerCase();
}

function printSigned([sign = '', operand = '']: string[]): string {
  if (sign === '+') return operand;
  return /^([0-9]|Infinity)/.test(operand) ? `-${operand}` : `UnaryExpr[${sign} ${operand}]`;
}

/** The children in one order, without those that say nothing: `by ()`, and the empty list of `group_left ()`. */
function meaningful(node: SyntaxNode, children: SyntaxNode[], query: string): SyntaxNode[] {
  const isEmpty = (child: SyntaxNode) => /\(\s*\)$/.test(query.slice(child.from, child.to));
  if (node.name === 'AggregateExpr') {
    return children
      .filter((child) => !(child.name === 'AggregateModifier' && child.getChild('By') && isEmpty(child)))
      .sort((a, b) => rank(a) - rank(b));
  }
  if (node.name !== 'MatchingModifierClause') return children;
  return children.filter((child, at) => at < 2 || child.name !== 'GroupingLabels' || !isEmpty(child));
}

function rank(node: SyntaxNode): number {
  return ['AggregateOp', 'AggregateModifier', 'FunctionCallBody'].indexOf(node.name);
}

function printSelector(children: SyntaxNode[], query: string): string {
  const matchers = children.flatMap((child): string[] => {
    if (child.name === 'Identifier') return [matcherText('__name__', '=', query.slice(child.from, child.to))];
    return childrenOf(child).map((matcher) => {
      const [label, operator, value] = childrenOf(matcher);
      const name = label ? labelText(label, query) : '';
      if (!operator || !value) return matcherText('__name__', '=', name);
      const sign = query.slice(operator.from, operator.to);
      return matcherText(name, sign, unquote(query.slice(value.from, value.to)));
    });
  });
  return `{${matchers.sort().join(',')}}`;
}

function labelText(node: SyntaxNode, query: string): string {
  const text = query.slice(node.from, node.to);
  return node.name === 'LabelName' ? text : unquote(text);
}

function matcherText(label: string, sign: string, value: string): string {
  return `${label}${sign}${JSON.stringify(value)}`;
}

/** Seconds for a duration, the number itself otherwise: Prometheus reads both the same way. */
function literalValue(text: string): number {
  const milliseconds = durationMs(text);
  if (milliseconds !== undefined) return milliseconds / 1000;
  const bare = text.replace(/^[+-]/, '').replaceAll('_', '').toLowerCase();
  const size = bare === 'inf' ? Number.POSITIVE_INFINITY : Number(bare);
  return text.startsWith('-') ? -size : size;
}

/** Milliseconds of `1h30m`, or nothing if the text is no such literal. */
export function durationMs(text: string): number | undefined {
  const [, sign, bare] = /^([+-]?)((?:[0-9]+(?:ms|[smhdwy]))+)$/.exec(text.trim()) ?? [];
  if (!bare) return undefined;
  let total = 0;
  for (const [, count, unit] of bare.matchAll(/([0-9]+)(ms|[smhdwy])/g)) {
    total += Number(count) * (unitsMs[unit ?? ''] ?? Number.NaN);
  }
  return sign === '-' ? -total : total;
}

function unquote(text: string): string {
  const quote = text[0];
  const body = text.slice(1, -1);
  if (quote === '`') return body;
  const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' };
  return body.replaceAll(/\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[\s\S])/g, (_all, code: string) =>
    code.length > 1 ? String.fromCharCode(Number.parseInt(code.slice(1), 16)) : (escapes[code] ?? code),
  );
}
