import { type MspId, readRefusal } from '@d-cloud/chaincode/domain';
import { type PeerCall, PeerClient, type PeerCredentials } from '@d-cloud/network/peers';

/** Organizations' gateways as a compute node speaks to them: by MSP id, at the address that stands on the ledger. */
export class Peers implements Disposable {
  readonly credentials: PeerCredentials;
  readonly #client: PeerClient;
  readonly #addressOf: (organization: MspId) => Promise<string>;

  constructor(credentials: PeerCredentials, addressOf: (organization: MspId) => Promise<string>) {
    this.credentials = credentials;
    this.#client = new PeerClient(credentials, readRefusal);
    this.#addressOf = addressOf;
  }

  async send(
    method: 'POST' | 'PUT',
    organization: MspId,
    path: string,
    body: unknown,
    call: PeerCall,
  ): Promise<unknown> {
    const address = await this.#addressOf(organization);
    return this.#client.send(method, { organization, address }, path, body, call);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}
