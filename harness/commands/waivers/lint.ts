import { openProject } from '../../config/project.ts';
import { surveyWaivers } from '../../gate/waiver-survey.ts';
import { systemClock } from '../clock.ts';
import { booleanFlag, type Command, jsonFlag, positionals } from '../command.ts';
import { oneLine, paint } from '../paint.ts';

export const command: Command = {
  usage: '[--json]',
  about: `
Finds waivers that are expired, orphaned, self-approved, over-wide, unsigned, approved without the role, longer than
their gate allows, or broken. exit codes: 0 nothing found, 1 findings.

example: countersign waivers lint`,
  flags: { ...jsonFlag },
  async run(args, io) {
    positionals(args, []);
    const project = await openProject(io.cwd);
    const waivers = await surveyWaivers(project, systemClock.now());
    const findings = waivers.flatMap(({ file, findings }) =>
      findings.map((finding) => ({ file, ...finding })),
    );
    if (booleanFlag(args, 'json')) {
      io.stdout.write(`${JSON.stringify({ waivers: waivers.length, findings }, null, 2)}\n`);
    } else {
      for (const { file, fault, text } of findings) {
        io.stdout.write(`${file}: ${paint(io.stdout, 'red', fault)}: ${oneLine(text)}\n`);
      }
      const found =
        findings.length === 0
          ? 'no findings'
          : `${findings.length} ${findings.length === 1 ? 'finding' : 'findings'}`;
      io.stdout.write(`${waivers.length} ${waivers.length === 1 ? 'waiver' : 'waivers'}, ${found}\n`);
    }
    return findings.length > 0 ? 1 : 0;
  },
};
