import { Document, isScalar, visit } from 'yaml';

/**
 * A file of YAML. Texts with a `$` are quoted: programs that fill in variables do so before they parse, and the
 * value must not become anything but text.
 */
export function yamlText(value: unknown, comment?: string): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_key, node) {
      if (isScalar(node) && typeof node.value === 'string' && node.value.includes('$'))
        node.type = 'QUOTE_DOUBLE';
    },
  });
  const text = document.toString({ lineWidth: 0 });
  return `---\n${comment === undefined ? '' : `${comment.replaceAll(/^/gm, '# ')}\n`}${text}`;
}
