import { isIPv6 } from 'node:net';

const number = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, ',');

export function showMs(milliseconds: number): string {
  return `${number(Math.round(milliseconds))} ms`;
}

export function showBytes(bytes: number): string {
  return `${number(bytes)} ${bytes === 1 ? 'byte' : 'bytes'}`;
}

const longestShown = 120;

/** A part of what came, on one line: quoted, or as JSON; cut where it is long. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? 'nothing');
  return cut(text);
}

export function cut(text: string): string {
  return text.length > longestShown ? `${head(text, longestShown - 1)}…` : text;
}

/** The beginning of a text for the message: what an operator reads before anything else. */
export function beginning(text: string): string {
  const line = head(text, 10 * longestShown)
    .replace(/\s+/g, ' ')
    .trim();
  if (line === '') return 'it is empty';
  return `it begins ${cut(line)}`;
}

export function showDay(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** As in a URL: an address of IPv6 in brackets. */
export function hostAndPort(host: string, port: number): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

/** What a terminal would obey, made visible: what came may come from anyone. */
export function harmless(text: string): string {
  return text.replace(/[^\P{C}\n\t]/gu, '\u{FFFD}');
}

/** The first characters, as a copy: a slice would keep the whole text alive for as long as the observation lives. */
export function head(text: string, characters: number): string {
  return text.length > characters ? Buffer.from(text.slice(0, characters)).toString() : text;
}

/** The last characters, as a copy. */
export function tail(text: string, characters: number): string {
  return text.length > characters ? Buffer.from(text.slice(-characters)).toString() : text;
}
