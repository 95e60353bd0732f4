const own = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** Names as our checks have them: what is one already stays, and no two are the same. */
export function namer(): (said: string) => string {
  const used = new Set<string>();
  return (said) => {
    const plain = own.test(said) ? said : slug(said);
    let name = plain;
    for (let count = 2; used.has(name); count += 1) name = `${plain.slice(0, 58)}-${count}`;
    used.add(name);
    return name;
  };
}

function slug(said: string): string {
  const plain = said
    .normalize('NFKD')
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .replaceAll(/^[-_]+|[-_]+$/g, '')
    .slice(0, 64);
  return /^[A-Za-z]/.test(plain) ? plain : `check-${plain}`.replace(/-$/, '').slice(0, 64);
}
