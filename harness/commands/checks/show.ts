import type { TSchema } from 'typebox';
import { KindRegistry } from '../../checks/index.ts';
import { openProject } from '../../config/project.ts';
import { booleanFlag, type Command, jsonFlag, positionals } from '../command.ts';
import { paint } from '../paint.ts';

export const command: Command = {
  usage: 'KIND [--json]',
  about: '\nexample: countersign checks show reconcile',
  flags: { ...jsonFlag },
  async run(args, io) {
    const [name] = positionals(args, ['KIND']);
    const { kinds } = await openProject(io.cwd).catch(() => ({ kinds: new KindRegistry() }));
    const { kind, summary, effects, options, facts, expect } = await kinds.load(name);
    if (booleanFlag(args, 'json')) {
      io.stdout.write(`${JSON.stringify({ kind, summary, effects, options, facts, expect }, null, 2)}\n`);
      return 0;
    }
    const heading = (text: string) => paint(io.stdout, 'bold', text);
    io.stdout.write(
      `${heading(kind)}: ${summary} (effects: ${effects})\n\n${heading('with')}\n${fields(options)}\n`,
    );
    io.stdout.write(`${heading('facts')}\n${fields(facts)}\n${heading('expected by default')}\n`);
    io.stdout.write(expect.map((text) => `  ${text}\n`).join(''));
    return 0;
  },
};

interface Shown {
  type?: string;
  description?: string;
  'x-cel'?: string;
  properties?: Record<string, Shown>;
  required?: string[];
  items?: Shown;
  anyOf?: Shown[];
  const?: unknown;
}

function fields(schema: TSchema, indent = '  '): string {
  const { properties = {}, required = [] } = schema as Shown;
  return Object.entries(properties)
    .map(([name, field]) => {
      const optional = required.includes(name) ? '' : '?';
      const line = `${indent}${`${name}${optional}`.padEnd(24)} ${typeName(field).padEnd(14)} ${field.description ?? ''}`;
      const inner = field.type === 'array' ? field.items : field;
      return `${line.trimEnd()}\n${inner?.properties ? fields(inner as TSchema, `${indent}  `) : ''}`;
    })
    .join('');
}

function typeName({ type, 'x-cel': cel, items, anyOf, const: constant }: Shown): string {
  if (cel) return cel;
  if (constant !== undefined) return JSON.stringify(constant);
  if (anyOf) return anyOf.map(typeName).join('|');
  if (type === 'array') return `list of ${items ? typeName(items) : 'anything'}`;
  return { integer: 'int', number: 'double', boolean: 'bool' }[type ?? ''] ?? type ?? 'anything';
}
