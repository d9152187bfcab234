/** What a key may do: `resource:action`. */
export const scopes = [
  'consortium:read',
  'consortium:admin',
  'datasets:read',
  'datasets:write',
  'datasets:admin',
  'holds:write',
  'grants:read',
  'grants:write',
  'models:read',
  'models:write',
  'jobs:read',
  'jobs:write',
  'lineage:read',
  'nodes:read',
  'nodes:write',
  'access:read',
  'events:read',
  'metrics:read',
] as const;

export type Scope = (typeof scopes)[number];

const reads = scopes.filter((scope) => scope.endsWith(':read') && scope !== 'metrics:read');

/** The roles of an organization's people; the certificate that signs for them carries the same word as `dcloud.role`. */
export const roleScopes = {
  'data-team': [...reads, 'datasets:write', 'grants:write', 'models:write', 'jobs:write'],
  compliance: [...reads, 'holds:write'],
  admin: scopes,
  operator: ['consortium:read', 'nodes:read', 'nodes:write', 'events:read', 'metrics:read'],
  'model-owner': [
    'consortium:read',
    'datasets:read',
    'datasets:write',
    'grants:read',
    'grants:write',
    'models:read',
    'models:write',
    'lineage:read',
    'events:read',
  ],
} as const satisfies Record<string, readonly Scope[]>;

export type Role = keyof typeof roleScopes;

export function isRole(text: string): text is Role {
  return Object.hasOwn(roleScopes, text);
}
