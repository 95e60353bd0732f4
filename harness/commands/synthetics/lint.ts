import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CountersignError, describeProblem, type Problem } from '../../errors.ts';
import { checkFiles, knownEnvironments, rootAround } from '../../synthetics/ground.ts';
import { lintSynthetics } from '../../synthetics/lint/lint.ts';
import { styleProblems } from '../../synthetics/lint/style.ts';
import { loadSynthetics } from '../../synthetics/load.ts';
import { booleanFlag, type Command, jsonFlag } from '../command.ts';

export const command: Command = {
  usage: '[FILE...] [--style] [--json]',
  about: `
Checks syntax, schema and meaning of files of synthetic checks: unknown names and variables, thresholds that no
failure could reach, time-outs longer than the interval, circles, literal secrets, expectations against the facts
of each type. Without FILE: every synthetics/*.yml of the repo. Nothing is probed and no secret is read. Exits with
2 when there is a problem.

example: countersign synthetics lint synthetics/uptime_checks.yml --style`,
  flags: {
    style: { type: 'boolean', summary: 'spacing, line ends and the like, too' },
    ...jsonFlag,
  },
  async run(args, io) {
    const root = rootAround(io.cwd);
    const files = await checkFiles(root, io.cwd, args.positionals);
    const environments = await knownEnvironments(root);
    const problems: Problem[] = [];
    let checks = 0;
    for (const file of files) {
      try {
        const definition = await loadSynthetics(join(root, file), file);
        checks += definition.checks.length;
        problems.push(...lintSynthetics(definition, { root, environments }));
      } catch (thrown) {
        if (!(thrown instanceof CountersignError)) throw thrown;
        problems.push(...problemsIn(thrown, file));
      }
      if (booleanFlag(args, 'style') && existsSync(join(root, file))) {
        problems.push(...(await styleProblems(join(root, file), file)));
      }
    }
    if (booleanFlag(args, 'json')) io.stdout.write(`${JSON.stringify({ files, problems }, null, 2)}\n`);
    else if (problems.length > 0) io.stdout.write(`${problems.map(describeProblem).join('\n')}\n`);
    else
      io.stdout.write(`${files.join(', ')}: ${checks} ${checks === 1 ? 'check' : 'checks'}, no problems\n`);
    if (io.env['GITHUB_ACTIONS']) {
      const { githubAnnotation } = await import('../../report/github.ts');
      for (const problem of problems) io.stderr.write(`${githubAnnotation(problem)}\n`);
    }
    return problems.length > 0 ? 2 : 0;
  },
};

function problemsIn(error: CountersignError, file: string): readonly Problem[] {
  if (error.problems.length > 0) return error.problems;
  return [{ code: error.code, message: error.message, where: error.where ?? { file }, hint: error.hint }];
}
