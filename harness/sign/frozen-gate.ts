import { type JsonSchema, surelyFits } from '../config/fits.ts';
import { parsePlainYaml } from '../config/plain-yaml.ts';
import { validateYaml } from '../config/validate.ts';
import { parseYaml } from '../config/yaml.ts';
import { type Gate, GateSchema } from '../gate/schema.ts';
import { readRunFile } from './folder.ts';
import { sha256 } from './statement.ts';

const file = 'gate.yml';
let last: { sha256: string; gate: Gate } | undefined;

/** The gate by which a run was made: the copy in its folder, whose digest the report names. */
export async function frozenGate(folder: string): Promise<Gate> {
  return readGate(await readRunFile(folder, file));
}

/** One verification asks several times, each time for the bytes as they are then: only their reading is done once. */
export function readGate(bytes: Buffer): Gate {
  const digest = sha256(bytes);
  if (last?.sha256 !== digest) last = { sha256: digest, gate: parse(bytes) };
  return last.gate;
}

function parse(bytes: Buffer): Gate {
  const plain = parsePlainYaml(bytes.toString('utf8'));
  if (plain && surelyFits(GateSchema as unknown as JsonSchema, plain.value)) return plain.value as Gate;
  return validateYaml(GateSchema, parseYaml(bytes, file));
}
