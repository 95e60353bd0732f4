import { markerKey } from '../deploy/marker.ts';

/** Tags of a service: `key:value` is a label where the key can be one, the first of a key alone. */
export function tagsAndLabels(said: readonly unknown[]): {
  tags?: string[];
  labels?: Record<string, string>;
} {
  const tags: string[] = [];
  const labels: Record<string, string> = {};
  for (const tag of said.map(String)) {
    const [, key, value] = /^([a-zA-Z_][a-zA-Z0-9_]*):(.*)$/s.exec(tag) ?? [];
    if (key === markerKey) continue;
    const fits = key !== undefined && value !== undefined && !Object.hasOwn(labels, key);
    if (fits && (key !== 'criticality' || criticalities.has(value))) labels[key] = value;
    else if (!tags.includes(tag)) tags.push(tag);
  }
  return {
    ...(tags.length > 0 ? { tags } : {}),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
  };
}

const criticalities = new Set(['critical', 'high', 'medium', 'low']);
