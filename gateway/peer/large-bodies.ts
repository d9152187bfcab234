import type { MspId } from '@d-cloud/chaincode/domain';
import { PeerProblem } from './peer-problem.ts';

/** Bodies up to this are held without counting: blocks, keys, heartbeats. */
const smallBytes = 2 * 1024 * 1024;
const mostOfOne = 2;

/** How many large bodies one organization may send at once: each is held whole in memory, so that nobody fills it with theirs. */
export class LargeBodies {
  readonly #held = new Map<MspId, number>();

  /** Takes a place for a body of at most so many bytes until disposed. Throws a 503 where the organization has none left. */
  take(organization: MspId, bodyBytes: number): Disposable {
    if (bodyBytes <= smallBytes) return { [Symbol.dispose]: () => undefined };
    const held = this.#held.get(organization) ?? 0;
    if (held >= mostOfOne) throw new PeerProblem(503, 'BUSY', `${organization} sends ${held} large bodies already.`);
    this.#held.set(organization, held + 1);
    return {
      [Symbol.dispose]: () => {
        const left = (this.#held.get(organization) ?? 1) - 1;
        if (left === 0) this.#held.delete(organization);
        else this.#held.set(organization, left);
      },
    };
  }
}
