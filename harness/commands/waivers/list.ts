import { openProject } from '../../config/project.ts';
import { type SurveyedWaiver, surveyWaivers } from '../../gate/waiver-survey.ts';
import { systemClock } from '../clock.ts';
import { booleanFlag, type Command, jsonFlag, positionals } from '../command.ts';
import { oneLine, paint } from '../paint.ts';

export const command: Command = {
  usage: '[--json]',
  about: `
Every waiver of the repo: what it lets pass, until when, who asked and who approved, and whether it counts now.

example: countersign waivers list`,
  flags: { ...jsonFlag },
  async run(args, io) {
    positionals(args, []);
    const project = await openProject(io.cwd);
    const waivers = await surveyWaivers(project, systemClock.now());
    if (booleanFlag(args, 'json')) {
      const rows = waivers.map((waiver) => ({ ...waiver, counts: counts(waiver) }));
      io.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      return 0;
    }
    for (const waiver of waivers) {
      const { id, said, signedBy } = waiver;
      const mark = counts(waiver)
        ? paint(io.stdout, 'yellow', '~ counts')
        : paint(io.stdout, 'dim', '- void  ');
      io.stdout.write(`${mark} ${id}\n`);
      if (said) {
        const scope = `${said.gate}/${said.item} on ${said.environment} may be ${said.states.join(' or ')}`;
        const approved = signedBy[1] ? `approved by ${signedBy[1]}` : 'not approved';
        io.stdout.write(`    ${scope} until ${said.expires}: ${oneLine(said.reason)}\n`);
        io.stdout.write(`    asked for by ${said.requester}, ${approved}\n`);
      }
      for (const { text } of waiver.findings) io.stdout.write(`    ${oneLine(text)}\n`);
    }
    if (waivers.length === 0) io.stdout.write('no waivers\n');
    return 0;
  },
};

function counts({ said, findings }: SurveyedWaiver): boolean {
  return said !== undefined && !findings.some((finding) => finding.void);
}
