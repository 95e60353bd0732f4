import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

interface Operation {
  responses?: Record<string, { content?: Record<string, { schema?: object }> }>;
}

export interface OpenApiDocument {
  paths?: Record<string, Record<string, Operation> | undefined>;
}

export interface AnswerToCheck {
  method: string;
  /** With its query, as it was asked for. */
  url: string;
  status: number;
  body: unknown;
}

/** Throws when an answer is not as the document says; paths that it does not name are nobody's business. */
export function createAnswerCheck(document: OpenApiDocument): (answer: AnswerToCheck) => void {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  const validators = new Map<object, ValidateFunction>();
  return ({ method, url, status, body }) => {
    const path = url.split('?')[0] ?? '';
    const [template, operations] =
      Object.entries(document.paths ?? {}).find(([candidate]) => fits(candidate, path)) ?? [];
    const operation = operations?.[method.toLowerCase()];
    if (!operation) return;
    const name = `${method} ${template} ${status}`;
    const response = operation.responses?.[status] ?? operation.responses?.[`${Math.floor(status / 100)}XX`];
    if (!response) throw new Error(`${name} is not in the OpenAPI document`);
    const schema = response.content?.['application/json']?.schema;
    if (!schema) throw new Error(`${name} has no schema in the OpenAPI document`);
    const validate = validators.get(schema) ?? ajv.compile(schema);
    validators.set(schema, validate);
    if (!validate(body)) throw new Error(`${name} breaks its schema: ${ajv.errorsText(validate.errors)}`);
  };
}

function fits(template: string, path: string): boolean {
  const [wanted, given] = [template, path].map((text) => text.replace(/\/$/, '').split('/'));
  if (!wanted || !given) return false;
  return (
    wanted.length === given.length &&
    wanted.every((part, index) => part.startsWith('{') || part === given[index])
  );
}
