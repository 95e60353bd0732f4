import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '../config/environments.ts';
import { CountersignError } from '../errors.ts';
import { shownEnvironment } from '../report/environment.ts';
import type { SignOff } from '../report/schema.ts';
import { sha256 } from '../sign/statement.ts';
import { writeWhole } from './evidence.ts';
import type { LoadedGate } from './load.ts';
import type { SignersInUse } from './signers-in-use.ts';

/** What a run is made from, and its verdict rests on. */
export interface Inputs {
  gate: LoadedGate;
  environment: Environment;
  signers: SignersInUse;
}

type Copies = Record<'gate.yml' | 'signers.yml' | 'environment.json', Buffer>;

function copiesOf({ gate, environment, signers }: Inputs): Copies {
  return {
    'gate.yml': Buffer.from(gate.yaml.bytes),
    'signers.yml': Buffer.from(signers.bytes),
    'environment.json': Buffer.from(`${JSON.stringify(environment, null, 2)}\n`),
  };
}

/** Copies in the run folder, so that it can be judged alone. */
export async function keepInputs(folder: string, inputs: Inputs): Promise<void> {
  for (const [name, bytes] of Object.entries(copiesOf(inputs))) await writeWhole(join(folder, name), bytes);
}

/** One run has one gate, one environment and the same people from its beginning to its end, whoever drives it. */
export async function refuseOtherInputs(folder: string, inputs: Inputs): Promise<void> {
  const files: Record<keyof Copies, string> = {
    'gate.yml': inputs.gate.file,
    'signers.yml': inputs.signers.file,
    'environment.json': 'checklists/environments.yml',
  };
  for (const [name, bytes] of Object.entries(copiesOf(inputs))) {
    const kept = await readFile(join(folder, name)).catch(() => undefined);
    if (kept?.equals(bytes)) continue;
    throw new CountersignError(
      'CONFIG_INVALID',
      kept ? 'it changed since the run began' : `the copy \`${name}\` in the run folder is gone`,
      {
        where: { file: files[name as keyof Copies] },
        hint: 'put it back as it was, or start a new run',
      },
    );
  }
}

export function describeEnvironment(inputs: Inputs): SignOff['environment'] {
  return {
    ...shownEnvironment(inputs.environment),
    sha256: sha256(copiesOf(inputs)['environment.json']),
  };
}
