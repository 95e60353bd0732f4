import { readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { gateFiles, type Project } from '../config/project.ts';
import { validateYaml } from '../config/validate.ts';
import { parseYaml, readYaml } from '../config/yaml.ts';
import { CountersignError } from '../errors.ts';
import { generateKey, loadSigner, type Signer } from '../sign/keys.ts';
import { type Signers, SignersSchema } from '../sign/signers.ts';
import { writeNew, writeWhole } from './evidence.ts';
import type { LoadedGate } from './load.ts';
import { makeFolder } from './make-folder.ts';
import { GateSchema } from './schema.ts';

export const REHEARSAL_SIGNERS = '.countersign/rehearsal-signers.yml';

export interface RehearsalSigners {
  bytes: Buffer;
  signers: Signers;
}

/** Keys for every role that a gate of this repo names: never committed, and trusted for rehearsals only. */
export async function rehearsalSigners(project: Project, loaded?: LoadedGate): Promise<RehearsalSigners> {
  const wanted = await rolesOf(project, loaded);
  const existing = await readExisting(project);
  if (existing && wanted.every((role) => existing.signers.people.some(({ id }) => id === personOf(role))))
    return existing;
  const people: Signers['people'] = [];
  for (const role of wanted) {
    people.push(await personFor(project, role));
  }
  const signers: Signers = { rehearsal: true, people };
  const bytes = Buffer.from(
    `---\n# Keys made on this machine for rehearsals; they never make a GO.\n${stringify(signers)}`,
  );
  await writeWhole(join(project.root, REHEARSAL_SIGNERS), bytes);
  return { bytes, signers };
}

export function rehearsalKeyFile(project: Project, person: string): string {
  return join(project.state, 'keys', `${person}.pem`);
}

function personOf(role: string): string {
  return `rehearsal-${role}`;
}

async function readExisting(project: Project): Promise<RehearsalSigners | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(join(project.root, REHEARSAL_SIGNERS));
  } catch {
    return undefined;
  }
  const signers = validateYaml(SignersSchema, parseYaml(bytes, REHEARSAL_SIGNERS));
  if (!signers.rehearsal) {
    throw new CountersignError('CONFIG_INVALID', 'it is not marked `rehearsal: true`', {
      where: { file: REHEARSAL_SIGNERS },
    });
  }
  for (const { id, keys } of signers.people) {
    const signer = await readKey(rehearsalKeyFile(project, id));
    if (!keys.some((key) => key.id === signer?.keyid)) return undefined;
  }
  return { bytes, signers };
}

/** Two runs that begin at once must end up with the same keys: whoever comes second takes what is there. */
async function personFor(project: Project, role: string): Promise<Signers['people'][number]> {
  const id = personOf(role);
  const path = rehearsalKeyFile(project, id);
  const { keyid, publicPem } = (await readKey(path)) ?? (await makeKey(path));
  return { id, name: `Rehearsal (${role})`, roles: [role], keys: [{ id: keyid, public: publicPem }] };
}

async function readKey(path: string): Promise<Signer | undefined> {
  const pem = await readFile(path, 'utf8').catch(() => undefined);
  if (pem === undefined) return undefined;
  try {
    return loadSigner(pem);
  } catch {
    await rm(path, { force: true });
    return undefined;
  }
}

async function makeKey(path: string): Promise<Signer> {
  await makeFolder(dirname(path), 0o700);
  await writeNew(path, generateKey({ rehearsal: true }).privatePem, 0o600);
  return loadSigner(await readFile(path, 'utf8'));
}

/** Of all gates, so that the file does not change from one gate to the next. */
async function rolesOf(project: Project, loaded: LoadedGate | undefined): Promise<string[]> {
  const roles = new Set<string>();
  for (const file of await gateFiles(project.root)) {
    const gate =
      file === loaded?.file
        ? loaded.gate
        : validateYaml(GateSchema, await readYaml(join(project.root, file), file));
    for (const { role } of gate.sign.require) roles.add(role);
    for (const { attest } of gate.items) if (attest) roles.add(attest.role);
    if (gate.waivers) roles.add(gate.waivers.approve);
  }
  return [...roles].sort();
}
