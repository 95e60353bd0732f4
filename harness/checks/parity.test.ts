import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { schemaErrors } from '../config/validate.ts';
import { parseYaml } from '../config/yaml.ts';
import { checkExpectation } from '../gate/evaluate.ts';
import type { FactSchema } from '../gate/facts.ts';
import { ItemSchema } from '../gate/schema.ts';
import { generateSchemas } from '../schemas/generate.ts';
import { builtInKinds, KindRegistry } from './index.ts';

const here = new URL('.', import.meta.url);
const headings = ['What it proves', 'What it cannot prove', 'Options', 'Facts', 'Example', 'How to waive'];

const registry = new KindRegistry();
const page = (kind: string) => readFile(new URL(`${kind}/${kind}.md`, here), 'utf8');

describe('H2: kinds', () => {
  it('are listed in order, and each folder is listed', async () => {
    const entries = await readdir(here, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(builtInKinds).toEqual([...builtInKinds].sort());
    expect(folders.sort()).toEqual(builtInKinds);
  });

  it.each(builtInKinds)('%s: its name, folder, test and page agree', async (name) => {
    const files = await readdir(new URL(`${name}/`, here));
    expect(files).toEqual(expect.arrayContaining([`${name}.ts`, `${name}.test.ts`, `${name}.md`]));
    expect((await registry.load(name)).kind).toBe(name);
    const found = [...(await page(name)).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(found).toEqual(headings);
  });

  it.each(builtInKinds)('%s: its page names every option and every fact', async (name) => {
    const { options, facts } = await registry.load(name);
    const text = await page(name);
    const part = (from: string, to: string) =>
      text.slice(text.indexOf(`## ${from}`), text.indexOf(`## ${to}`));
    for (const option of Object.keys(options.properties))
      expect(part('Options', 'Facts')).toContain(`\`${option}`);
    for (const fact of Object.keys(facts.properties)) expect(part('Facts', 'Example')).toContain(`\`${fact}`);
  });

  it.each(builtInKinds)('%s: the example of its page is a valid item', async (name) => {
    const [, yaml = ''] = /```yaml\n(- id:[\s\S]*?)```/.exec(await page(name)) ?? [];
    const [item, ...others] = parseYaml(Buffer.from(yaml), `${name}.md`).value as {
      check: string;
      with: object;
      expect?: string[];
    }[];
    const { options, facts } = await registry.load(name);
    expect(others).toEqual([]);
    expect(item?.check).toBe(name);
    expect(schemaErrors(ItemSchema, item)).toEqual([]);
    expect(schemaErrors(options, item?.with ?? {})).toEqual([]);
    for (const text of item?.expect ?? [])
      expect(checkExpectation(text, facts as FactSchema)).toBeUndefined();
  });

  it.each(builtInKinds)('%s: what it expects by default is type-checked against its facts', async (name) => {
    const { expect: expectations, facts } = await registry.load(name);
    expect(expectations.length).toBeGreaterThan(0);
    for (const text of expectations) expect(checkExpectation(text, facts as FactSchema)).toBeUndefined();
  });

  it.each(builtInKinds)('%s: options refuse what they do not know', async (name) => {
    const { options } = await registry.load(name);
    expect(schemaErrors(options, { surely_not_an_option: 1 }).map(({ message }) => message)).toContainEqual(
      '`surely_not_an_option` is not known here',
    );
  });
});

describe('schemas', () => {
  it('in the repo are those that the code gives', async () => {
    for (const [name, text] of await generateSchemas()) {
      const file = await readFile(new URL(`../schemas/${name}`, here), 'utf8').catch(() => 'missing');
      expect(file === text, `${name}: run \`npm run generate\``).toBe(true);
    }
  });
});
