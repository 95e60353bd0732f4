import { createRequire } from 'node:module';

/** An `import` makes all that the module exports, a WebSocket client included: that takes longer than all the rest. */
const http = createRequire(import.meta.url)('node:http') as typeof import('node:http');

export const { request: startRequest, STATUS_CODES } = http;
