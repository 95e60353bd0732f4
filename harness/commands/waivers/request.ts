import { findGateFile, openProject, pickEnvironment, readEnvironments } from '../../config/project.ts';
import { CountersignError } from '../../errors.ts';
import { loadGate } from '../../gate/load.ts';
import { signersInUse } from '../../gate/signers-in-use.ts';
import { requestWaiver } from '../../gate/waiver-desk.ts';
import type { Waiver } from '../../sign/waiver.ts';
import { systemClock } from '../clock.ts';
import {
  type Arguments,
  booleanFlag,
  type Command,
  jsonFlag,
  listFlag,
  positionals,
  stringFlag,
} from '../command.ts';
import { personFlags, speaker } from '../gate/sign.ts';

export const command: Command = {
  usage:
    'GATE ITEM --reason TEXT --expires WHEN --as PERSON [--expectation TEXT]... [--state failed|error]... [--env NAME] [--json]',
  about: `
Asks that an item of a gate may fail until a moment. Writes checklists/waivers/<id>.dsse.json with your signature; it
counts when somebody else, of the role that the gate names, has approved it.

example: countersign waivers request production totals --reason "known gap of 3 rows" --expires 7d --as grace`,
  flags: {
    ...personFlags,
    reason: { type: 'string', value: 'TEXT', summary: 'shown wherever the item is shown' },
    expires: {
      type: 'string',
      value: 'WHEN',
      summary: 'a duration from now on, such as 7d, or an RFC 3339 instant',
    },
    expectation: {
      type: 'string',
      value: 'TEXT',
      multiple: true,
      summary: 'may not hold, as it stands in the gate; default: any',
    },
    state: { type: 'string', value: 'STATE', multiple: true, summary: 'failed or error; default failed' },
    env: { type: 'string', value: 'NAME', summary: "environment, instead of the gate's own" },
    ...jsonFlag,
  },
  async run(args, io) {
    const [name, item] = positionals(args, ['GATE', 'ITEM']);
    const wanted = {
      reason: needed(args, 'reason'),
      expires: needed(args, 'expires'),
      states: statesOf(args),
    };
    const project = await openProject(io.cwd);
    const environments = await readEnvironments(project.root);
    const file = await findGateFile(project.root, io.cwd, name);
    const gate = await loadGate(project, file, { environments, environment: stringFlag(args, 'env') });
    const environment = pickEnvironment(environments, gate.gate.environment);
    const { signers } = await signersInUse(project, environment, gate);
    const { person, signer } = await speaker(args, io, project.state);
    const made = await requestWaiver({
      project,
      gate,
      environment,
      item,
      ...wanted,
      expectations: listFlag(args, 'expectation'),
      person,
      signer,
      signers,
      now: systemClock.now(),
    });
    if (booleanFlag(args, 'json')) {
      io.stdout.write(`${JSON.stringify({ file: made.file, waiver: made.said }, null, 2)}\n`);
    } else {
      io.stdout.write(
        `${made.said.id} waits for ${gate.gate.waivers?.approve}; it would end at ${made.said.expires}\n`,
      );
      io.stdout.write(`${made.file}\n`);
    }
    return 0;
  },
};

function needed(args: Arguments, flag: string): string {
  const value = stringFlag(args, flag);
  if (value === undefined) throw new CountersignError('USAGE', `--${flag} is missing`);
  return value;
}

function statesOf(args: Arguments): Waiver['states'] {
  const given = [...new Set(listFlag(args, 'state'))];
  const states = given.filter((state) => state === 'failed' || state === 'error');
  const stray = given.find((state) => state !== 'failed' && state !== 'error');
  if (stray !== undefined)
    throw new CountersignError('USAGE', `--state takes failed or error, not \`${stray}\``);
  return states.length > 0 ? states : ['failed'];
}
