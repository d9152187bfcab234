export {
  ApiKeyRefused,
  type ApiKeyStore,
  type IssuedKey,
  type KeyEntry,
  openApiKeyStore,
} from './api-keys.ts';
export { authenticate, requireScope } from './authenticate.ts';
export type { Caller } from './caller.ts';
export { keyedHash } from './keyed-hash.ts';
export { isRole, type Role, roleScopes, type Scope, scopes } from './scopes.ts';
