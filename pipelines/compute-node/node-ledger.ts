import { createHash, randomUUID } from 'node:crypto';
import {
  canonicalJson,
  type EvaluateName,
  type Evaluates,
  type RequestStamp,
  readRefusal,
  type SubmitName,
  type Submits,
} from '@d-cloud/chaincode/domain';
import { connectLedger, type Ledger } from '@d-cloud/network/ledger';
import { type ChannelTrust, configurationIn, configurationsToStartWith } from '@d-cloud/network/peers';

export type NodeLedgerOptions = {
  readonly address: string;
  readonly fallbacks?: readonly string[] | undefined;
  readonly tlsRoot: string;
  readonly serverName?: string | undefined;
  readonly mspId: string;
  readonly certificate: string;
  readonly key: string;
  readonly channel: string;
  readonly chaincode: string;
  /** The node's id: stands, hashed, where a person would in its transactions. */
  readonly node: string;
};

/** The ledger as a compute node sees it: typed transactions under its own certificate. Throws `Refusal` and `Fault`. */
export class NodeLedger implements AsyncDisposable {
  readonly #ledger: Ledger;
  readonly #mspId: string;
  readonly #person: string;

  constructor(options: NodeLedgerOptions) {
    const { address, fallbacks = [], tlsRoot, serverName, mspId, certificate, key, channel, chaincode, node } = options;
    this.#mspId = mspId;
    this.#person = createHash('sha256').update(node).digest('hex');
    this.#ledger = connectLedger({
      peerAddress: [address, ...fallbacks],
      tlsRoots: [tlsRoot],
      ...(serverName === undefined ? {} : { tlsServerName: serverName }),
      identity: { mspId, certificate, privateKey: key },
      channel,
      chaincode,
      readRefusal,
    });
  }

  /** Submits and waits for the commit. A call is one request: tried again inside, it has one effect. */
  async submit<N extends SubmitName>(
    name: N,
    body: Submits[N]['body'],
    signal?: AbortSignal,
  ): Promise<{ result: Submits[N]['result']; transaction: string }> {
    const text = canonicalJson(body);
    const stamp: RequestStamp = {
      key: randomUUID(),
      person: this.#person,
      digest: createHash('sha256').update(text).digest('hex'),
    };
    const { result, transactionId } = await this.#ledger.submit(
      name,
      [text, canonicalJson(stamp)],
      signal === undefined ? {} : { signal },
    );
    return { result: parse(result), transaction: transactionId };
  }

  /** Asks the own organization's peer. */
  async evaluate<N extends EvaluateName>(
    name: N,
    body: Evaluates[N]['body'],
    signal?: AbortSignal,
  ): Promise<Evaluates[N]['result']> {
    const answer = await this.#ledger.evaluate(name, [canonicalJson(body)], {
      endorsingOrganizations: [this.#mspId],
      ...(signal === undefined ? {} : { signal }),
    });
    return parse(answer);
  }

  /** The channel's configuration in force, then those that come, and a call with every block from now on; ends by throwing. */
  async follow(trust: ChannelTrust, heard: () => void, signal: AbortSignal): Promise<void> {
    const startBlock = await this.#ledger.height({ signal });
    const { inForce, before } = await configurationsToStartWith(this.#ledger, signal);
    trust.adopt(inForce, before);
    heard();
    for await (const block of this.#ledger.blocks({ startBlock, signal })) {
      const configuration = configurationIn(block);
      if (configuration !== undefined) trust.adopt(configuration);
      heard();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ledger[Symbol.asyncDispose]();
  }
}

/** The chaincode's answers are ours: their form was checked when they were written. */
function parse<T>(bytes: Uint8Array): T {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as T;
}
