import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument, stringify } from 'yaml';
import { loadGate } from '#harness/gate/load.ts';
import { openProject, type Project } from '#harness/index.ts';
import { fixedKindConfig, testProject } from '#harness/testing/cli.ts';

/**
 * Linting 200 gates of 20 items, from file to findings, against parsing the same files with the YAML library alone.
 * Goal: at most 1.6 times.
 */
const gates = 200;
const items = 20;
const rounds = 7;

function gate(index: number): string {
  return stringify({
    gate: `gate-${index}`,
    title: `Gate ${index}`,
    environment: 'here',
    items: Array.from({ length: items }, (_, position) => ({
      id: `item-${position}`,
      title: `Item ${position} of gate ${index}`,
      check: 'fixed',
      ...(position > 0 ? { needs: [`item-${position - 1}`] } : {}),
      with: { count: position + 1 },
      expect: [`count > ${position}`, 'count < 100'],
    })),
    sign: { require: [{ role: 'release-manager' }] },
  });
}

const name = (index: number) => `checklists/gate-${index}.gate.yml`;

async function lint(project: Project): Promise<number> {
  const from = performance.now();
  for (let index = 0; index < gates; index += 1) await loadGate(project, name(index));
  return performance.now() - from;
}

async function parse(root: string): Promise<number> {
  const from = performance.now();
  for (let index = 0; index < gates; index += 1)
    parseDocument(await readFile(join(root, name(index)), 'utf8')).toJS();
  return performance.now() - from;
}

export async function bench(): Promise<string[]> {
  const files = Object.fromEntries(Array.from({ length: gates }, (_, index) => [name(index), gate(index)]));
  const root = await testProject({
    'checklists/environments.yml': stringify({ environments: { here: { title: 'Here', rehearsal: true } } }),
    'countersign.config.ts': fixedKindConfig(),
    ...files,
  });
  try {
    const project = await openProject(root);
    const linted: number[] = [];
    const parsed: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      parsed.push(await parse(root));
      linted.push(await lint(project));
    }
    const middle = (times: number[]) => times.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
    const [ours, yaml] = [middle(linted), middle(parsed)];
    return [
      `gate lint of ${gates} gates of ${items} items: ${ours.toFixed(0)} ms, parsing the YAML alone: ${yaml.toFixed(0)} ms, medians of ${rounds}`,
      `  ratio ${(ours / yaml).toFixed(2)}, goal 1.60`,
    ];
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}
