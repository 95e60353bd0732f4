/** Headers and body of a request: what is sent as JSON, and says so, is JSON in our words. */
export function bodyOf(body: string | undefined, headers: Record<string, string>, graphql = false): object {
  const type = Object.keys(headers).find((name) => name.toLowerCase() === 'content-type') ?? '';
  const { [type]: said, ...others } = headers;
  const kept = Object.keys(headers).length > 0 ? { headers } : {};
  if (body === undefined) return kept;
  const json = graphql ? { query: body } : exactJson(body);
  const isJson = said === 'application/json' || (graphql && said === undefined);
  if (json === undefined || !isJson) return { ...kept, body };
  return { ...(Object.keys(others).length > 0 ? { headers: others } : {}), json };
}

/** Undefined where writing it again would give other bytes. */
export function exactJson(text: string): unknown {
  try {
    const json: unknown = JSON.parse(text);
    return JSON.stringify(json) === text ? json : undefined;
  } catch {
    return undefined;
  }
}

/** Of `tcp://a.example:443`, or of `a.example:443`. */
export function hostOf(url: string): { host: string; port?: number } {
  const [, host = '', port] = /^(?:[a-z]+:\/\/)?(\[[^\]]+\]|[^:/]+)(?::([0-9]+))?/.exec(url) ?? [];
  return { host: host.replaceAll(/[[\]]/g, ''), ...(port === undefined ? {} : { port: Number(port) }) };
}
