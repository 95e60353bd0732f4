/**
 * Runs a program of this folder to its end: exit code what `main` gives, or `failed` and one line on stderr where it
 * throws.
 */
export async function runMain(
  name: string,
  main: () => number | Promise<number>,
  failed: 1 | 2 = 1,
): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (thrown) {
    process.stderr.write(`${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exitCode = failed;
  }
}
