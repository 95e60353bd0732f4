import type { ASTNode } from '@marcbachmann/cel-js';
import { isCalendarCall } from './cel-calendar.ts';

const macros = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

interface Excerpt {
  text: string;
  offset: number;
}

const excerpt = (node: ASTNode): Excerpt => ({ text: textOf(node), offset: node.start });

function textOf(node: ASTNode): string {
  return node.input.slice(node.start, node.end);
}

/** The longest paths into the facts that an expression reads: `left.total_minor`, `size(events)`. */
export function freePaths(ast: ASTNode): Excerpt[] {
  const found = new Map<string, Excerpt>();
  visit(ast, new Set(), (node) => void found.set(textOf(node), excerpt(node)));
  return [...found.values()];
}

/** As long as the name it stands for, so that places in the text stay what they are. */
export function strictName(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

const strictCalls = new Set(['int', 'uint', 'timestamp']);

/** The text with each call of `int`, `uint`, `timestamp` and of calendars made one of the strict kind. */
export function withStrictCalls(text: string, ast: ASTNode): string {
  let strict = text;
  const rename = (name: string, at: number): void => {
    strict = strict.slice(0, at) + strictName(name) + strict.slice(at + name.length);
  };
  const replace = (node: ASTNode): void => {
    if (node.op === 'call' && strictCalls.has(node.args[0])) rename(node.args[0], node.start);
    if (node.op === 'rcall') {
      const [name, receiver, given] = node.args;
      if (isCalendarCall(name, given.length)) rename(name, text.indexOf(name, receiver.end));
    }
    for (const child of childrenOf(node)) replace(child);
  };
  replace(ast);
  return strict;
}

/** For each false `list.all(x, p)` at the top: an expression that lists what broke it. */
export function violators(ast: ASTNode): Excerpt[] {
  if (ast.op === '&&') return ast.args.flatMap(violators);
  const macro = macroOf(ast);
  if (macro?.name !== 'all' || macro.predicate === undefined) return [];
  return [
    {
      text: `${textOf(macro.receiver)}.filter(${macro.variable}, !(${textOf(macro.predicate)}))`,
      offset: ast.start,
    },
  ];
}

/** The list of the first `all()` before which nothing demands a size: `all` of an empty list is true. */
export function unguardedAll(ast: ASTNode, guarded: ReadonlySet<string> = new Set()): Excerpt | undefined {
  const macro = macroOf(ast);
  if (macro?.name === 'all' && !guarded.has(textOf(macro.receiver))) return excerpt(macro.receiver);
  const demanded = ast.op === '&&' || ast.op === '?:' ? conjuncts(ast.op === '&&' ? ast : ast.args[0]) : [];
  const within = new Set([...guarded, ...demanded.flatMap((node) => sizeTest(node) ?? [])]);
  for (const [index, child] of childrenOf(ast).entries()) {
    const otherwise = ast.op === '?:' && index === 2;
    const found = unguardedAll(child, otherwise ? guarded : within);
    if (found) return found;
  }
  return undefined;
}

/** What must all be true for this to be true: in `a || b` neither. */
function conjuncts(ast: ASTNode): ASTNode[] {
  return ast.op === '&&' ? ast.args.flatMap(conjuncts) : [ast];
}

/** The list that `size(list) > 0` and its like prove to have something in it. */
function sizeTest(node: ASTNode): string | undefined {
  if (node.op !== '>' && node.op !== '>=' && node.op !== '==' && node.op !== '!=') return undefined;
  const [left, right] = node.args;
  if (right.op !== 'value' || typeof right.args !== 'bigint') return undefined;
  const least = {
    '>': right.args + 1n,
    '>=': right.args,
    '==': right.args,
    '!=': right.args === 0n ? 1n : 0n,
  }[node.op];
  if (least < 1n) return undefined;
  if (left.op === 'rcall' && left.args[0] === 'size') return textOf(left.args[1]);
  if (left.op === 'call' && left.args[0] === 'size' && left.args[1][0]) return textOf(left.args[1][0]);
  return undefined;
}

function macroOf(node: ASTNode) {
  if (node.op !== 'rcall') return undefined;
  const [name, receiver, args] = node.args;
  const [variable, predicate] = args;
  if (!macros.has(name) || variable?.op !== 'id') return undefined;
  return { name, receiver, variable: variable.args, predicate };
}

function visit(node: ASTNode, bound: ReadonlySet<string>, found: (node: ASTNode) => void): void {
  const macro = macroOf(node);
  if (macro) {
    visit(macro.receiver, bound, found);
    const inner = new Set([...bound, macro.variable]);
    for (const part of childrenOf(node).slice(2)) visit(part, inner, found);
    return;
  }
  if (isPath(node)) {
    const root = rootOf(node);
    if (root === undefined || bound.has(root)) return;
    found(node);
    // How many is rarely enough to act on: what they are stands beside it.
    if (node.op === 'rcall') found(node.args[1]);
    return;
  }
  for (const child of childrenOf(node)) visit(child, bound, found);
}

function isPath(node: ASTNode): boolean {
  if (node.op === 'id') return true;
  if (node.op === '.') return isPath(node.args[0]);
  if (node.op === '[]') return isPath(node.args[0]) && node.args[1].op === 'value';
  return node.op === 'rcall' && node.args[0] === 'size' && isPath(node.args[1]);
}

function rootOf(node: ASTNode): string | undefined {
  if (node.op === 'id') return node.args;
  if (node.op === '.' || node.op === '[]') return rootOf(node.args[0]);
  return node.op === 'rcall' ? rootOf(node.args[1]) : undefined;
}

function childrenOf(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) collect(item);
    else if (typeof value === 'object' && value !== null && 'op' in value) found.push(value as ASTNode);
  };
  collect(node.args);
  return found;
}
