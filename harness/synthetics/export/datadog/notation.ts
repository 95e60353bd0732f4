import type { Notation } from '../templates.ts';

/** Variables of Datadog have capitals, digits and underscores. */
export const variableName = (name: string) => name.toUpperCase().replaceAll('-', '_');

/** Global variables stand for secrets, and variables taken from answers for captures; both are written alike. */
export const notation: Notation = {
  text: (plain) => plain,
  secret: (name) => `{{ ${variableName(name)} }}`,
  capture: (name) => `{{ ${variableName(name)} }}`,
};
