import { implicitCollection, LIFECYCLE } from '../engine/definitions.ts';
import { fieldKey, metadataKey, metadataOf, type Structure, type StructureSpace } from '../engine/lifecycle-state.ts';
import type { Simulation } from '../engine/simulation.ts';
import { sha256 } from '../msp/signature.ts';
import { StateMetadata } from '../wire/lifecycle.ts';

/** A part of `_lifecycle`'s state as one simulation sees it: the channel's, or one organization's own. */
export interface LifecycleState {
  get(key: string): Buffer | undefined;
  put(key: string, value: Buffer | undefined): void;
}

export const publicState = (simulation: Simulation): LifecycleState => ({
  get: (key) => simulation.get(LIFECYCLE, key),
  put: (key, value) => simulation.put(LIFECYCLE, key, value),
});

/** What an organization alone can read: its approvals, and which packages it runs. */
export function ownState(simulation: Simulation, mspId: string): LifecycleState {
  const collection = implicitCollection(mspId);
  return {
    get: (key) => simulation.getPrivate(LIFECYCLE, collection, key),
    put: (key, value) => simulation.putPrivate(LIFECYCLE, collection, key, { value }),
  };
}

/** Writes a structure, only the keys that change, and ends fields that it has no more. */
export function write(state: LifecycleState, space: StructureSpace, name: string, structure: Structure): void {
  const before = StateMetadata.decode(state.get(metadataKey(space, name)) ?? Buffer.alloc(0));
  const existing = new Map(before.fields.map((field) => [field, state.get(fieldKey(space, name, field))]));
  for (const [field, value] of structure.fields) {
    if (existing.get(field)?.equals(value) !== true) state.put(fieldKey(space, name, field), value);
    existing.delete(field);
  }
  const same = before.datatype === structure.datatype && before.fields.length === structure.fields.length;
  if (existing.size > 0 || !same) state.put(metadataKey(space, name), metadataOf(structure));
  for (const field of existing.keys()) state.put(fieldKey(space, name, field), undefined);
}

/** Whether an organization has written exactly this structure: others see the hashes of what lies in its collection. */
export function hasWritten(simulation: Simulation, mspId: string, name: string, structure: Structure): boolean {
  const collection = implicitCollection(mspId);
  const lies = (key: string, value: Buffer): boolean =>
    simulation.getPrivateHash(LIFECYCLE, collection, key)?.equals(sha256(value)) === true;
  // Every key is read, whatever the ones before say: what was read is part of what is endorsed.
  const found = [
    lies(metadataKey('namespaces', name), metadataOf(structure)),
    ...structure.fields.map(([field, value]) => lies(fieldKey('namespaces', name, field), value)),
  ];
  return found.every(Boolean);
}
