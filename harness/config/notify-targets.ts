import { Options } from '../checks/define.ts';
import { type Static, Type } from '../type.ts';

const secretReference = '^\\$\\{secret\\.[A-Za-z0-9_.-]+\\}$';

/** Where signers are told that a gate waits for them. The declaration is kept with every report, so it holds no secret. */
export const NotifySchema = Type.Union([
  Options({
    kind: Type.Literal('webhook'),
    url: Type.String({
      pattern: '^(https?://[^@\\s]+|\\$\\{secret\\.[A-Za-z0-9_.-]+\\})$',
      description: 'gets a JSON document by POST; a URL without credentials, or ${secret.NAME}',
    }),
    secret: Type.String({
      pattern: secretReference,
      description: 'key of the HMAC over the body, as ${secret.NAME}',
    }),
  }),
  Options({
    kind: Type.Literal('slack'),
    url: Type.String({
      pattern: secretReference,
      description: "URL of Slack's incoming webhook, as ${secret.NAME}: whoever knows it can post",
    }),
  }),
]);

export type NotifyTarget = Static<typeof NotifySchema>;

interface Declared {
  notify?: readonly NotifyTarget[];
  secrets?: Readonly<Record<string, object>>;
}

/** Targets whose secrets can't be had when people are told, by their path in the environment. */
export function notifyProblems({
  notify = [],
  secrets = {},
}: Declared): { path: (string | number)[]; message: string }[] {
  return notify.flatMap((target, index) =>
    Object.entries(target).flatMap(([field, value]) => {
      const name = /^\$\{secret\.(.+)\}$/.exec(value)?.[1];
      if (name === undefined) return [];
      const path = ['notify', index, field];
      const declared = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
      if (!declared) return [{ path, message: `the secret \`${name}\` is not declared` }];
      return 'generate' in declared
        ? [{ path, message: `\`${name}\` is made by the local stack, which has ended when people are told` }]
        : [];
    }),
  );
}
