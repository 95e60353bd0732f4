import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runProgram } from '../../tools/run.ts';
import { bringPackage } from '../published-package.ts';

const checkly = {
  name: 'checkly',
  version: '9.5.0',
  integrity:
    'sha512-qsgwdSOH1Nn+Z0GThkG7irGbKL3re7uwzyXk4jd8Pogb9fPbKtTyhRB+xwb1FbfU98oLEy75cs8/2umbQVbjYg==',
};

const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));

/** What the TypeScript compiler says of modules that import `checkly/constructs`, with the types of Checkly's own package. */
export async function typeProblems(sources: readonly string[]): Promise<string> {
  const types = await bringPackage(checkly);
  const folder = await mkdtemp(join(tmpdir(), 'countersign-checkly-'));
  try {
    await Promise.all(sources.map((text, index) => writeFile(join(folder, `${index}.check.ts`), text)));
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(configFor(types)));
    const compiler = join(modules, 'typescript', 'bin', 'tsc');
    const { code, output } = await runProgram(process.execPath, [compiler, '-p', folder], {
      timeoutMs: 120_000,
    });
    return code === 0 ? '' : output || `the compiler ended with ${code}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function configFor(types: string): object {
  return {
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      moduleResolution: 'nodenext',
      strict: true,
      noEmit: true,
      noUnusedLocals: true,
      exactOptionalPropertyTypes: true,
      // The declarations name packages that are not there.
      skipLibCheck: true,
      types: ['node'],
      typeRoots: [join(modules, '@types')],
      paths: { 'checkly/constructs': [join(types, 'dist', 'constructs', 'index.d.ts')] },
    },
    include: ['*.check.ts'],
  };
}
