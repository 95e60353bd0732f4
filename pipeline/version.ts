import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');

/** That of the release which the service is part of; by it a gate tells what runs from what ran before. */
export const { version } = JSON.parse(text) as { version: string };
