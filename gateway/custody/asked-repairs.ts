import type { VersionId } from '@d-cloud/chaincode/domain';
import { Refusal } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { Cared, HearPut } from './care.ts';

/** A repair that a person asked for. `failed` says why in `stuck`; what it put before stays. */
export type AskedRepair = {
  readonly version: VersionId;
  readonly state: 'auditing' | 'repairing' | 'done' | 'failed';
  /** Blocks put so far, and to be put in all. */
  readonly put: number;
  readonly toPut: number;
  readonly stuck: readonly string[];
};

const mostRemembered = 1_000;

/** The repairs that people asked for: one at a time per version, the newest remembered while the gateway runs. */
export class AskedRepairs {
  readonly #known = new Map<VersionId, AskedRepair>();

  of(version: VersionId): AskedRepair | undefined {
    return this.#known.get(version);
  }

  /** Begins a repair; where one of the version is under way, that one is given. `repair` runs beside; it never throws here. */
  begin(version: VersionId, repair: (hear: HearPut) => Promise<Cared>): AskedRepair {
    const known = this.#known.get(version);
    if (known?.state === 'auditing' || known?.state === 'repairing') return known;
    const begun = this.#tell({ version, state: 'auditing', put: 0, toPut: 0, stuck: [] });
    const last = () => this.#known.get(version) ?? begun;
    const hear: HearPut = (put, toPut) => void this.#tell({ ...last(), state: 'repairing', put, toPut });
    repair(hear).then(
      ({ stuck }) => this.#tell({ ...last(), state: 'done', stuck }),
      (error: unknown) => this.#tell({ ...last(), state: 'failed', stuck: [sentenceOf(error)] }),
    );
    return begun;
  }

  #tell(repair: AskedRepair): AskedRepair {
    this.#known.delete(repair.version);
    this.#known.set(repair.version, repair);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostRemembered && oldest !== undefined) this.#known.delete(oldest);
    return repair;
  }
}

/** Only what is ours to say leaves the gateway. */
function sentenceOf(error: unknown): string {
  if (error instanceof Refusal) return error.detail;
  if (error instanceof Fault) return error.message;
  return 'The gateway failed in a way it does not know. Its log has more.';
}
