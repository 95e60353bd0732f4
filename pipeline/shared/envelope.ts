/** The version 1 answer that integrators know. */
export interface Envelope<T> {
  success: boolean;
  action: string;
  api_version: 'v1';
  timestamp: string;
  data: T;
  meta: Record<string, unknown>;
}

export function envelope<T>(action: string, data: T, meta: Record<string, unknown> = {}): Envelope<T> {
  return { success: true, action, api_version: 'v1', timestamp: new Date().toISOString(), data, meta };
}
