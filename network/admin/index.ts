export * from './certificates/index.ts';
export * from './changes/index.ts';
export * from './config/index.ts';
export {
  type Consortium,
  type ConsortiumMember,
  type FoundConsortiumRequest,
  foundConsortium,
  foundMember,
  type MemberRequest,
  memberIdentities,
  nodeName,
  type PublicMember,
  publicMember,
} from './consortium.ts';
export * from './lifecycle/index.ts';
export { writeWhole } from './private-files.ts';
export * from './protocol/index.ts';
