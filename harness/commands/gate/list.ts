import { basename, join } from 'node:path';
import { gateFiles, openProject, type Project } from '../../config/project.ts';
import { validateYaml } from '../../config/validate.ts';
import { readYaml } from '../../config/yaml.ts';
import { listRuns } from '../../gate/run-folder.ts';
import { GateSchema } from '../../gate/schema.ts';
import { describeUnfinished } from '../../gate/unfinished.ts';
import { hasRunFile } from '../../sign/folder.ts';
import { booleanFlag, type Command, jsonFlag, positionals } from '../command.ts';

/** Runs without a report that can be gone on with; older ones are told by `gate status`. */
async function interruptedRuns(project: Project): Promise<{ id: string; gate: string | undefined }[]> {
  const runs = [];
  for (const folder of (await listRuns(project)).slice(0, RUNS_LOOKED_AT)) {
    const id = basename(folder);
    if (id.startsWith('.') || (await hasRunFile(folder, 'report.json'))) continue;
    const { state, gate } = await describeUnfinished(folder);
    if (state === 'interrupted') runs.push({ id, gate });
  }
  return runs;
}

const RUNS_LOOKED_AT = 20;

export const command: Command = {
  usage: '[--json]',
  about: '\nexample: countersign gate list',
  flags: { ...jsonFlag },
  async run(args, io) {
    positionals(args, []);
    const project = await openProject(io.cwd);
    const { root } = project;
    const gates = [];
    const interrupted = await interruptedRuns(project);
    for (const file of await gateFiles(root)) {
      const gate = validateYaml(GateSchema, await readYaml(join(root, file), file));
      gates.push({
        gate: gate.gate,
        title: gate.title,
        environment: gate.environment,
        items: gate.items.length,
        file,
        interrupted: interrupted.filter((run) => run.gate === gate.gate).map(({ id }) => id),
      });
    }
    if (booleanFlag(args, 'json')) {
      io.stdout.write(`${JSON.stringify(gates, null, 2)}\n`);
      return 0;
    }
    for (const { gate, title, environment, items, interrupted: runs } of gates) {
      io.stdout.write(
        `${gate.padEnd(32)} ${String(items).padStart(3)} items  ${environment.padEnd(12)} ${title}\n`,
      );
      for (const run of runs)
        io.stdout.write(`  ${run} was interrupted: \`countersign gate resume ${run}\`\n`);
    }
    if (gates.length === 0) io.stdout.write('no gates: a gate is a file checklists/<name>.gate.yml\n');
    return 0;
  },
};
