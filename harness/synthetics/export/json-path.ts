/** `/data/0/first name` as `$.data[0]['first name']`. */
export function jsonPathOf(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((raw) => raw.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, key) => {
      if (/^(0|[1-9][0-9]*)$/.test(key)) return `${path}[${key}]`;
      if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) return `${path}.${key}`;
      return `${path}['${key.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}']`;
    }, '$');
}

const step = /\.([A-Za-z_][A-Za-z0-9_]*)|\[([0-9]+)\]|\['((?:[^'\\]|\\.)*)'\]/y;

/** The other way round; undefined for a path that may lead to several places. */
export function pointerOfPath(path: string): string | undefined {
  if (!path.startsWith('$')) return undefined;
  let pointer = '';
  for (step.lastIndex = 1; step.lastIndex < path.length; ) {
    const [, name, index, quoted] = step.exec(path) ?? [];
    const key = name ?? index ?? quoted?.replaceAll(/\\(.)/g, '$1');
    if (key === undefined) return undefined;
    pointer += `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  }
  return pointer;
}

/** Every single value of a document, with the pointer to it. */
export function leavesOf(value: unknown, pointer = ''): [string, unknown][] {
  if (typeof value !== 'object' || value === null) return [[pointer, value]];
  return Object.entries(value).flatMap(([key, each]) =>
    leavesOf(each, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`),
  );
}
