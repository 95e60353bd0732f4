import { type DestinationStream, type Logger, pino } from 'pino';
import { traceFields } from './trace.ts';

export type { Logger } from 'pino';

export interface LoggingOptions {
  level: string;
  instanceId: string;
  destination?: DestinationStream;
}

const hidden = [
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["x-staging-key"]',
  'req.headers["x-bootstrap-secret"]',
  'req.headers["x-signature"]',
  'req.headers["mono-sec-key"]',
  'req.headers["mono-webhook-secret"]',
  'req.headers["x-mono-signature"]',
  'req.headers["mono-webhook-signature"]',
  ...[
    'account_number',
    'accountNumber',
    'bvn',
    'email',
    'phone',
    'phone_e164',
    'token',
    'secret',
    'password',
  ].flatMap((name) => [name, `*.${name}`]),
];

/** One JSON object a line on stdout: RFC 3339 time, the level as a word. */
export function createLogger(options: LoggingOptions): Logger {
  const settings = {
    level: options.level,
    base: { instance: options.instanceId },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    mixin: traceFields,
    redact: { paths: hidden, censor: '[redacted]' },
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}
