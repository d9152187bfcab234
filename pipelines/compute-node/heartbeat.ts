import { Refusal } from '@d-cloud/chaincode/domain';

export type Pulse = { readonly rowsDone: number; readonly stage: string };

/**
 * Tells the requester's gateway at every interval that a claim is alive, until disposed. Aborts `lost` when the gateway says that the
 * claim is no longer ours; a gateway that does not answer changes nothing, because running claims finish without it.
 */
export class Heartbeat implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly #lost = new AbortController();
  #pulse: Pulse = { rowsDone: 0, stage: 'claimed' };
  #sending = false;

  constructor(send: (pulse: Pulse) => Promise<void>, intervalMs: number) {
    const beat = () => {
      if (this.#sending) return;
      this.#sending = true;
      send(this.#pulse)
        .catch((error: unknown) => {
          if (error instanceof Refusal) this.#lost.abort(error);
        })
        .finally(() => {
          this.#sending = false;
        });
    };
    beat();
    this.#timer = setInterval(beat, intervalMs);
  }

  /** Aborted with the refusal when the claim was taken away. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  tell(pulse: Partial<Pulse>): void {
    this.#pulse = { ...this.#pulse, ...pulse };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
