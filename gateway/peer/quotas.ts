import type { MspId } from '@d-cloud/chaincode/domain';
import type { BlockIndex } from './block-index.ts';

/** What an organization may keep on our storage nodes, and what it keeps there. */
export type Quota = {
  readonly organization: MspId;
  readonly quotaBytes: number;
  readonly usedBytes: number;
  /** Whether it was given by name; otherwise it is what every organization gets. */
  readonly given: boolean;
};

/** The quotas that this organization gives the others on its own storage nodes. Giving less than is used takes nothing away: it only refuses more. */
export class Quotas {
  readonly #index: Pick<BlockIndex, 'givenBytes' | 'giveBytes' | 'usedBytes'>;
  readonly #usualBytes: number;

  constructor(index: Pick<BlockIndex, 'givenBytes' | 'giveBytes' | 'usedBytes'>, usualBytes: number) {
    this.#index = index;
    this.#usualBytes = usualBytes;
  }

  bytesFor(owner: MspId): number {
    return this.#index.givenBytes(owner) ?? this.#usualBytes;
  }

  give(owner: MspId, bytes: number): void {
    this.#index.giveBytes(owner, bytes);
  }

  of(organization: MspId): Quota {
    const given = this.#index.givenBytes(organization);
    return {
      organization,
      quotaBytes: given ?? this.#usualBytes,
      usedBytes: this.#index.usedBytes(organization),
      given: given !== undefined,
    };
  }
}
