/** Addresses of a service's instances, as scripts take them: separated by commas. */
export function instancesOf(urls: string | undefined): string[] {
  return (urls ?? '')
    .split(',')
    .map((url) => url.trim())
    .filter((url) => url !== '');
}
