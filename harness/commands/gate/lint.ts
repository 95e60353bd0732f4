import {
  findGateFile,
  gateFiles,
  openProject,
  type Project,
  readEnvironments,
} from '../../config/project.ts';
import { CountersignError, describeProblem, type Problem } from '../../errors.ts';
import { loadGate } from '../../gate/load.ts';
import { surveyWaivers } from '../../gate/waiver-survey.ts';
import { systemClock } from '../clock.ts';
import { booleanFlag, type Command, jsonFlag } from '../command.ts';
import { oneLine } from '../paint.ts';

export const command: Command = {
  usage: '[GATE...] [--json]',
  about: `
Checks syntax, schema, order, expectations against the facts of each kind, environments, and that somebody can
sign. Without GATE: every gate of the repo. Nothing is run and nothing is asked.

example: countersign gate lint staging-dry-run`,
  flags: { ...jsonFlag },
  async run(args, io) {
    const project = await openProject(io.cwd);
    const named = args.positionals.map((name) => findGateFile(project.root, io.cwd, name));
    const files = named.length > 0 ? await Promise.all(named) : await gateFiles(project.root);
    if (files.length === 0) {
      throw new CountersignError('CONFIG_MISSING', 'there is no gate to lint', {
        hint: 'a gate is a file checklists/<name>.gate.yml',
      });
    }
    const environments = await readEnvironments(project.root);
    const problems: Problem[] = [];
    for (const file of files) {
      try {
        await loadGate(project, file, { environments });
      } catch (thrown) {
        if (!(thrown instanceof CountersignError)) throw thrown;
        problems.push(...asProblems(thrown, file));
      }
    }
    const warnings = await waiverWarnings(project);
    for (const { file, fault, text } of warnings) {
      io.stderr.write(`warning: ${file}: ${fault}: ${oneLine(text)}\n`);
    }
    if (booleanFlag(args, 'json'))
      io.stdout.write(`${JSON.stringify({ files, problems, warnings }, null, 2)}\n`);
    else if (problems.length > 0) io.stdout.write(`${problems.map(describeProblem).join('\n')}\n`);
    else io.stdout.write(`${files.length} ${files.length === 1 ? 'gate' : 'gates'}, no problems\n`);
    if (io.env['GITHUB_ACTIONS']) {
      const { githubAnnotation } = await import('../../report/github.ts');
      for (const problem of problems) io.stderr.write(`${githubAnnotation(problem)}\n`);
    }
    return problems.length > 0 ? 2 : 0;
  },
};

/** What `waivers lint` finds: no problem of a gate, and yet nobody should have to look for it. */
async function waiverWarnings(project: Project) {
  const waivers = await surveyWaivers(project, systemClock.now());
  return waivers.flatMap(({ file, findings }) => findings.map(({ fault, text }) => ({ file, fault, text })));
}

function asProblems(error: CountersignError, file: string): readonly Problem[] {
  if (error.problems.length > 0) return error.problems;
  return [{ code: error.code, message: error.message, where: error.where ?? { file }, hint: error.hint }];
}
