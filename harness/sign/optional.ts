import { CountersignError } from '../errors.ts';

/** A package that only independent times need: whoever wants those installs it. Throws TOOL_MISSING. */
export async function optional<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new CountersignError('TOOL_MISSING', 'logs and time stamps need packages that are not installed', {
      hint: 'npm install @sigstore/bundle @sigstore/protobuf-specs @sigstore/sign @sigstore/verify',
      cause,
    });
  }
}
