import { CountersignError } from '../errors.ts';

const packages = {
  bundle: () => import('@sigstore/bundle'),
  protobuf: () => import('@sigstore/protobuf-specs'),
  sign: () => import('@sigstore/sign'),
  verify: () => import('@sigstore/verify'),
};

/** Packages that only independent times need: whoever wants those installs them. Throws TOOL_MISSING. */
export async function sigstore<N extends keyof typeof packages>(
  name: N,
): Promise<Awaited<ReturnType<(typeof packages)[N]>>> {
  try {
    return (await packages[name]()) as Awaited<ReturnType<(typeof packages)[N]>>;
  } catch (cause) {
    throw new CountersignError('TOOL_MISSING', 'logs and time stamps need packages that are not installed', {
      hint: 'npm install @sigstore/bundle @sigstore/protobuf-specs @sigstore/sign @sigstore/verify',
      cause,
    });
  }
}
