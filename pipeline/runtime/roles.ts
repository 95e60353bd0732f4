/** Apart from the rest of authentication: scripts that only name a role must not load a web server. */
export const roles = ['SYSTEM_INTEGRATOR', 'MEMBER', 'USER', 'ADMIN'] as const;
export type Role = (typeof roles)[number];

export function isRole(text: string | undefined): text is Role {
  return (roles as readonly string[]).includes(text ?? '');
}
