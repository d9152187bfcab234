import type { BlockUpdates } from './block-updates.ts';
import { type Definitions, implicitCollection, LIFECYCLE } from './definitions.ts';
import { privateSpace } from './keys.ts';
import {
  type AgreedChaincode,
  chaincodeOfKey,
  definitionStructure,
  fieldKey,
  metadataKey,
  metadataOf,
  readAgreed,
  readPackageId,
} from './lifecycle-state.ts';
import type { State } from './state.ts';

/** What the organizations of a channel have agreed upon about chaincodes, as `_lifecycle` keeps it in the state. */
export class Agreements {
  readonly #state: State;
  readonly #definitions: Definitions;

  constructor(state: State, definitions: Definitions) {
    this.#state = state;
    this.#definitions = definitions;
  }

  /** Puts in force what the ledger's own configuration says. A new sequence has another version, so that what was endorsed under the old one does not commit. */
  begin(agreed: AgreedChaincode): void {
    const structure = definitionStructure(agreed);
    const version = { blockNumber: 0, txNumber: agreed.sequence };
    const put = (key: string, value: Buffer): void =>
      this.#state.put(LIFECYCLE, key, { value, metadata: undefined, version });
    put(metadataKey('namespaces', agreed.name), metadataOf(structure));
    for (const [field, value] of structure.fields) put(fieldKey('namespaces', agreed.name, field), value);
    this.#definitions.agree(agreed, { fromStart: true });
  }

  /** Puts in force what a block's transactions have agreed upon; the state has taken them in. */
  take(updates: BlockUpdates): void {
    const names = new Set<string>();
    for (const [key] of updates.in(LIFECYCLE)) names.add(chaincodeOfKey(key) ?? '');
    for (const name of names) {
      const agreed = readAgreed((key) => this.#state.latest(LIFECYCLE, key)?.value, name);
      if (agreed !== undefined) this.#definitions.agree(agreed);
    }
  }
}

/** The package that an organization runs for a chaincode in force: empty for none, `undefined` where it has not approved it. */
export function approvedPackage(
  privateState: State,
  mspId: string,
  { name, sequence }: { readonly name: string; readonly sequence: number },
): string | undefined {
  const space = privateSpace(LIFECYCLE, implicitCollection(mspId));
  return readPackageId((key) => privateState.latest(space, key)?.value, name, sequence);
}
