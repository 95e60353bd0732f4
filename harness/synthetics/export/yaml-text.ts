import { Document, isScalar, visit } from 'yaml';

export interface YamlStyle {
  /** Lines above it, without their `#`. */
  comment?: string;
  /**
   * Texts with a `$` stand in quotation marks: who fills in variables before parsing must not make anything but
   * text of a value.
   */
  quoteDollars?: boolean;
}

/** One document of YAML; texts of several lines stand as they are. */
export function yamlText(value: unknown, { comment, quoteDollars = false }: YamlStyle = {}): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  if (quoteDollars) {
    visit(document, {
      Scalar(_key, node) {
        if (isScalar(node) && typeof node.value === 'string' && node.value.includes('$'))
          node.type = 'QUOTE_DOUBLE';
      },
    });
  }
  const text = document.toString({ lineWidth: 0, blockQuote: 'literal' });
  return `---\n${comment === undefined ? '' : `${comment.replaceAll(/^/gm, '# ')}\n`}${text}`;
}
