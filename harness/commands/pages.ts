import { commandHelp } from './help.ts';
import { commands } from './index.ts';

/** A page a command, by file name: its help, as `--help` prints it. */
export async function commandPages(): Promise<Map<string, string>> {
  const pages = new Map<string, string>();
  for (const [name, entry] of Object.entries(commands)) {
    const { command } = await entry.load();
    const help = commandHelp(name, entry.summary, command).trimEnd();
    pages.set(`${name.replace(' ', '-')}.md`, `# countersign ${name}\n\n\`\`\`text\n${help}\n\`\`\`\n`);
  }
  const list = Object.entries(commands).map(
    ([name, { summary }]) => `| [${name}](${name.replace(' ', '-')}.md) | ${summary} |`,
  );
  pages.set('README.md', `# Commands\n\n| command | what it does |\n| --- | --- |\n${list.join('\n')}\n`);
  return pages;
}
