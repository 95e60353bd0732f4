import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import type { Artifact, ArtifactContent, CheckContext, Clock, EnvironmentView } from '../checks/define.ts';
import type { Sources } from '../sources/define.ts';

export interface TestContext extends CheckContext {
  readonly artifacts: Map<string, string>;
  readonly logged: string[];
}

export interface TestContextOptions extends Partial<Omit<CheckContext, 'environment' | 'sources'>> {
  environment?: Partial<EnvironmentView>;
  sources?: Partial<Sources>;
  secrets?: Record<string, string>;
  tools?: Record<string, string>;
}

/** A clock that stands still until it is moved. */
export function fakeClock(
  start = '2026-11-25T08:30:00.000Z',
): Clock & { advance(milliseconds: number): void } {
  let elapsed = 0;
  const origin = Date.parse(start);
  return {
    now: () => new Date(origin + elapsed),
    monotonic: () => elapsed,
    advance(milliseconds) {
      elapsed += milliseconds;
    },
  };
}

/** A CheckContext for tests of a kind: evidence in memory, sources as given, everything else refuses. */
export function testContext(options: TestContextOptions = {}): TestContext {
  const { environment, sources, secrets = {}, tools = {}, ...rest } = options;
  const artifacts = new Map<string, string>();
  const logged: string[] = [];
  const known = new Set<string>();
  const redact = (text: string) =>
    [...known].reduce((out, secret) => out.replaceAll(secret, '[redacted]'), text);
  return {
    gate: 'test-gate',
    item: 'test-item',
    runId: 'test-run',
    attempt: 1,
    environment: {
      name: 'test',
      rehearsal: true,
      writes: true,
      zone: 'UTC',
      vars: {},
      simulators: [],
      ...environment,
    },
    sources: refusing(sources ?? {}),
    signal: new AbortController().signal,
    clock: fakeClock(),
    needs: {},
    root: process.cwd(),
    resolve: (path) => resolve(rest.root ?? process.cwd(), path),
    tool: async (name) => tools[name] ?? name,
    secret: async (name) => {
      const value = secrets[name];
      if (value === undefined) throw new Error(`no secret ${name} in this test`);
      known.add(value);
      return value;
    },
    redact,
    log: (message) => void logged.push(message),
    progress: () => {},
    ...rest,
    artifacts,
    logged,
    artifact: async (name, content, mediaType = 'text/plain') => {
      const text = redact(await collect(content));
      artifacts.set(name, text);
      return storedInMemory(name, text, mediaType);
    },
  };
}

function storedInMemory(name: string, text: string, mediaType: string): Artifact {
  const bytes = Buffer.from(text);
  return {
    name,
    mediaType,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.length,
    text: async () => text,
  };
}

async function collect(content: ArtifactContent): Promise<string> {
  if (typeof content === 'string') return content;
  if (content instanceof Uint8Array) return Buffer.from(content).toString();
  let text = '';
  for await (const chunk of content)
    text += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
  return text;
}

function refusing(given: Partial<Sources>): Sources {
  return new Proxy(given, {
    get(target, name) {
      const found = Reflect.get(target, name);
      if (found) return found;
      return async () => {
        throw new Error(`this test gave no source \`${String(name)}\``);
      };
    },
  }) as Sources;
}
