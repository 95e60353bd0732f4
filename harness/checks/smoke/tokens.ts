import type { CheckContext } from '../define.ts';

/** A JSON Web Token. One that a test got by logging in is in no list of secrets. */
const token = /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{16,}/g;

/** The same context, in whose evidence and facts no token stays, whoever it was given to. */
export function withoutTokens(context: CheckContext): CheckContext {
  const redact = (text: string) => context.redact(text).replace(token, '[redacted]');
  return {
    ...context,
    redact,
    artifact: (name, content, mediaType) =>
      context.artifact(redact(name), withoutTokensIn(content), mediaType),
  };
}

type Content = Parameters<CheckContext['artifact']>[1];

/** Bytes are read as characters of one byte each, so that what is no token comes through unchanged. */
function withoutTokensIn(content: Content): Content {
  if (typeof content === 'string') return content.replace(token, '[redacted]');
  if (!(content instanceof Uint8Array)) return content;
  const text = Buffer.from(content).toString('latin1');
  const clean = text.replace(token, '[redacted]');
  return clean === text ? content : Buffer.from(clean, 'latin1');
}
