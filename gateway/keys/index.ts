export { KeyService, type Release, type ReleaseRequest } from './key-service.ts';
export { KeyStore, type ReleaseEntry, type VersionKeys } from './key-store.ts';
export type { OpeningPayload, OutputPayload, ReadingPayload } from './release-payload.ts';
export { SharedSecrets, type SharesAt, sharesAt } from './shared-secrets.ts';
