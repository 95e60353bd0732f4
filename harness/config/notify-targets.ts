import Type, { type Static } from 'typebox';
import { Options } from '../checks/define.ts';

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
