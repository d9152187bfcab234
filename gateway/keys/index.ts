export { KeyService, type Release, type ReleaseRequest } from './key-service.ts';
export { KeyStore, type ReleaseEntry, type VersionKeys } from './key-store.ts';
export type { OpeningPayload, OutputPayload } from './release-payload.ts';
