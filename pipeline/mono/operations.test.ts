import { describe, expect, it } from 'vitest';
import { findRegistryProblems, operations, validateRegistry } from './operations.ts';

const all = Object.values(operations);
const handlers = new Map(all.map(({ name }) => [name, () => {}]));

describe('M4: the operation registry', () => {
  it('holds the three named operations, each with a handler', () => {
    expect(all.map(({ name }) => name)).toEqual([
      'mono.fetch_transactions',
      'mono.transform_transaction',
      'sync_banking_transactions',
    ]);
    expect(findRegistryProblems(all, handlers)).toEqual([]);
  });

  it('finds every problem at once', () => {
    const broken = [
      { ...operations.fetch, retry: { ...operations.fetch.retry, attempts: 0 } },
      operations.fetch,
      { ...operations.sync, name: 'Sync It', deadLetterTopic: 'elsewhere' },
    ];
    expect(findRegistryProblems(broken, new Map([['orphan', null]]))).toHaveLength(8);
  });

  it('M1: fails fast, or only warns, or is not looked at, as configured', () => {
    const warnings: string[] = [];
    const check = { validate: true, failFast: true, warn: (problem: string) => void warnings.push(problem) };
    const none = new Map<string, unknown>();
    expect(() => validateRegistry(all, none, check)).toThrow(/has no handler/);
    validateRegistry(all, none, { ...check, failFast: false });
    expect(warnings).toHaveLength(3);
    expect(() => validateRegistry(all, none, { ...check, validate: false })).not.toThrow();
  });
});
