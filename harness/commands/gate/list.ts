import { join } from 'node:path';
import { gateFiles, openProject } from '../../config/project.ts';
import { validateYaml } from '../../config/validate.ts';
import { readYaml } from '../../config/yaml.ts';
import { GateSchema } from '../../gate/schema.ts';
import { booleanFlag, type Command, jsonFlag, positionals } from '../command.ts';

export const command: Command = {
  usage: '[--json]',
  about: '\nexample: countersign gate list',
  flags: { ...jsonFlag },
  async run(args, io) {
    positionals(args, []);
    const { root } = await openProject(io.cwd);
    const gates = [];
    for (const file of await gateFiles(root)) {
      const gate = validateYaml(GateSchema, await readYaml(join(root, file), file));
      gates.push({
        gate: gate.gate,
        title: gate.title,
        environment: gate.environment,
        items: gate.items.length,
        file,
      });
    }
    if (booleanFlag(args, 'json')) {
      io.stdout.write(`${JSON.stringify(gates, null, 2)}\n`);
      return 0;
    }
    for (const { gate, title, environment, items } of gates) {
      io.stdout.write(
        `${gate.padEnd(32)} ${String(items).padStart(3)} items  ${environment.padEnd(12)} ${title}\n`,
      );
    }
    if (gates.length === 0) io.stdout.write('no gates: a gate is a file checklists/<name>.gate.yml\n');
    return 0;
  },
};
