import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { validateYaml } from '../config/validate.ts';
import { parseYaml } from '../config/yaml.ts';
import { recompute } from '../gate/recompute.ts';
import { version } from '../version.ts';
import { SignersSchema } from './signers.ts';
import { verifyFolder } from './verify.ts';

/** Signed reports of every version of the format, each file as base64 by its path. They are never made anew. */
test.each(['golden-report-v1.files'])('%s verifies for ever', async (fixture) => {
  const files: Record<string, string> = JSON.parse(
    await readFile(join(import.meta.dirname, 'fixtures', fixture), 'utf8'),
  );
  const folder = await mkdtemp(join(tmpdir(), 'countersign-golden-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), Buffer.from(content, 'base64'));
    }
    const bytes = Buffer.from(files['signers.yml'] ?? '', 'base64');
    const { exit, lines, decision } = await verifyFolder({
      folder,
      signers: { bytes, parsed: validateYaml(SignersSchema, parseYaml(bytes, 'signers.yml')) },
      now: new Date('2036-01-01T00:00:00Z'),
      version: version(),
      recompute: (statement) => recompute(folder, statement),
    });
    expect(lines.filter(({ ok }) => !ok)).toEqual([]);
    expect({ exit, decision }).toEqual({ exit: 0, decision: 'GO' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
