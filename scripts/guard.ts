/** What stands between a threat and the user, and the test that must notice when it is gone. */
export interface Guard {
  threat: `T${number}`;
  file: string;
  /** Text that stands in the file exactly once. */
  find: string;
  replace: string;
  /** A test file, and the title of a test in it, or how it begins. */
  test: string;
  title: string;
}

/** Taken out by a condition that never holds. */
export const off = (condition: string): { find: string; replace: string } => ({
  find: `if (${condition})`,
  replace: 'if (false)',
});
