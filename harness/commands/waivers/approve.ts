import {
  gateFiles,
  openProject,
  type Project,
  pickEnvironment,
  readEnvironments,
} from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { type LoadedGate, loadGate } from '../../gate/load.ts';
import { signersInUse } from '../../gate/signers-in-use.ts';
import { approveWaiver } from '../../gate/waiver-desk.ts';
import { readWaivers } from '../../gate/waiver-files.ts';
import { claimedBy, type Waiver } from '../../sign/waiver.ts';
import { systemClock } from '../clock.ts';
import { booleanFlag, type Command, jsonFlag, positionals } from '../command.ts';
import { personFlags, speaker } from '../gate/sign.ts';

export const command: Command = {
  usage: 'ID --as PERSON [--key FILE] [--json]',
  about: `
Signs a waiver as somebody of the role that its gate names. Nobody approves what they asked for themselves, nor,
where the gate says so, what they are an author of.

example: countersign waivers approve totals-20261125-3fa9 --as ada`,
  flags: { ...personFlags, ...jsonFlag },
  async run(args, io) {
    const [id] = positionals(args, ['ID']);
    const project = await openProject(io.cwd);
    const files = await readWaivers(project.root);
    const file = files.find((candidate) => candidate.id === id);
    if (!file) {
      throw new CountersignError('USAGE', `there is no waiver \`${id}\``, {
        hint: '`countersign waivers list` shows them',
      });
    }
    if ('problem' in file)
      throw new CountersignError('REPORT_INVALID', file.problem, { where: { file: file.file } });
    const claimed = claimedBy(file.bytes, file.file);
    const environments = await readEnvironments(project.root);
    const environment = pickEnvironment(environments, claimed.environment);
    const gate = await gateOf(project, claimed);
    const { signers } = await signersInUse(project, environment, gate);
    const { person, signer } = await speaker(args, io, project.state);
    const said = await approveWaiver({
      project,
      gate,
      environment,
      file,
      person,
      signer,
      signers,
      now: systemClock.now(),
    });
    if (booleanFlag(args, 'json'))
      io.stdout.write(`${JSON.stringify({ file: file.file, waiver: said }, null, 2)}\n`);
    else
      io.stdout.write(
        `${id} approved by ${person}: ${said.gate}/${said.item} may be ${said.states.join(' or ')} until ${said.expires}\n`,
      );
    return 0;
  },
};

async function gateOf(project: Project, { gate, environment }: Waiver): Promise<LoadedGate> {
  for (const file of await gateFiles(project.root)) {
    const loaded = await loadGate(project, file, { environment }).catch(() => undefined);
    if (loaded?.gate.gate === gate) return loaded;
  }
  throw new CountersignError('CONFIG_MISSING', `there is no gate \`${gate}\` without problems`, {
    hint: '`countersign gate lint` says what is wrong with the gates of this repo',
  });
}
