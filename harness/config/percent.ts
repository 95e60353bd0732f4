/** What percent signs stand for, as in a URL or a message of gRPC; as it is where they make no sense. */
export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
