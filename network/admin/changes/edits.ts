import { Fault } from '../../ledger/fault.ts';
import { Acls, BatchSize, BatchTimeout, type ConfigGroup, OrdererAddresses } from '../../ledger/messages/index.ts';
import { capabilitiesValue } from '../config/ordering-group.ts';
import { anchorPeersValue, applicationGroup, ordererGroup } from '../config/organization-group.ts';
import { policyFrom } from '../config/policy-text.ts';
import { groupAt, setPolicy, setValue } from '../config/tree.ts';
import { changeConsenters } from './consenters.ts';
import { addRoots, removeRoots, setRevocationLists } from './edit-msp.ts';
import type { ConfigEdit, EditOf } from './edit-schema.ts';

const edits: { readonly [K in ConfigEdit['kind']]: (root: ConfigGroup, edit: EditOf<K>) => void } = {
  'add-organization': addOrganization,
  'remove-organization': (root, { mspId }) => removeOrganization(root, mspId),
  'set-policy': (root, { path, rule }) => changePolicy(root, path, rule),
  'set-batch': setBatch,
  'set-capability': (root, { section, name }) => {
    setValue(section === 'Channel' ? root : groupAt(root, [section]), 'Capabilities', capabilitiesValue(name));
  },
  'add-consenter': changeConsenters,
  'remove-consenter': changeConsenters,
  'renew-consenter': changeConsenters,
  'set-anchor-peers': (root, { mspId, addresses }) => {
    setValue(groupAt(root, ['Application', mspId]), 'AnchorPeers', anchorPeersValue(addresses));
  },
  'set-orderer-endpoints': (root, { mspId, addresses }) => {
    setValue(groupAt(root, ['Orderer', mspId]), 'Endpoints', OrdererAddresses.encode({ addresses }));
  },
  'set-acl': (root, { resource, policy }) => setAcl(root, resource, policy),
  'set-revocation-list': setRevocationLists,
  'add-roots': addRoots,
  'remove-roots': removeRoots,
};

/** Makes the edit on a copy of the tree that its caller owns; refuses one that has nothing to change. */
export function applyEdit(root: ConfigGroup, edit: ConfigEdit): void {
  const make = edits[edit.kind] as (root: ConfigGroup, edit: ConfigEdit) => void;
  make(root, edit);
}

function addOrganization(root: ConfigGroup, edit: EditOf<'add-organization'>): void {
  const { mspId, roots, anchorPeers = [], ordererEndpoints = [] } = edit;
  const application = groupAt(root, ['Application']);
  if (application.groups.has(mspId)) throw new Fault('misconfigured', `${mspId} is a member already`);
  application.groups.set(mspId, applicationGroup(mspId, roots, anchorPeers));
  if (ordererEndpoints.length > 0) {
    groupAt(root, ['Orderer']).groups.set(mspId, ordererGroup(mspId, roots, ordererEndpoints));
  }
}

function removeOrganization(root: ConfigGroup, mspId: string): void {
  const gone = [groupAt(root, ['Application']), groupAt(root, ['Orderer'])].map((group) => group.groups.delete(mspId));
  if (!gone.includes(true)) throw new Fault('misconfigured', `${mspId} is no member of the channel`);
}

function changePolicy(root: ConfigGroup, path: string, rule: string): void {
  const parts = path.split('/').filter((part) => part !== '');
  const name = parts.pop();
  if (parts[0] !== 'Channel' || name === undefined) {
    throw new Fault('misconfigured', `"${path}" is not the path of a policy: write /Channel/Application/Endorsement`);
  }
  setPolicy(groupAt(root, parts.slice(1)), name, policyFrom(rule));
}

function setBatch(root: ConfigGroup, edit: EditOf<'set-batch'>): void {
  const orderer = groupAt(root, ['Orderer']);
  const before = BatchSize.decode(orderer.values.get('BatchSize')?.value ?? new Uint8Array(0));
  const { timeout, kind: _, ...sizes } = edit;
  if (Object.keys(sizes).length > 0) setValue(orderer, 'BatchSize', BatchSize.encode({ ...before, ...sizes }));
  if (timeout !== undefined) setValue(orderer, 'BatchTimeout', BatchTimeout.encode({ timeout }));
}

function setAcl(root: ConfigGroup, resource: string, policy: string): void {
  const application = groupAt(root, ['Application']);
  const { acls } = Acls.decode(application.values.get('ACLs')?.value ?? new Uint8Array(0));
  setValue(application, 'ACLs', Acls.encode({ acls: new Map([...acls, [resource, { policyRef: policy }]]) }));
}
