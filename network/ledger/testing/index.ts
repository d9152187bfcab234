export {
  type OfflineOrganization,
  offlineDescription,
  offlineGenesis,
  offlineOrganization,
} from './offline-channel.ts';
export { OfflineOrdering } from './offline-ordering.ts';
