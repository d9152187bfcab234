import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { foundConsortium } from '../../../admin/index.ts';
import { Ledger } from '../engine/ledger.ts';
import type { Simulation } from '../engine/simulation.ts';
import type { Storage } from '../engine/storage.ts';
import { type LedgerTransaction, readTransaction } from '../engine/transaction.ts';
import { type ChannelConfig, readChannelConfig } from '../msp/channel-config.ts';
import { parsePolicy } from '../msp/policy-text.ts';
import { sha256 } from '../msp/signature.ts';
import { Signer } from '../msp/signer.ts';
import { Block, ChannelHeader, Envelope, HeaderType, Payload, SignatureHeader } from '../wire/envelope.ts';
import { ApplicationPolicy } from '../wire/lifecycle.ts';
import {
  ChaincodeAction,
  ChaincodeActionPayload,
  ChaincodeHeaderExtension,
  ProposalResponsePayload,
  Transaction,
} from '../wire/proposal.ts';

export const ORGANIZATIONS = ['A', 'B', 'C'] as const;
export type Organization = (typeof ORGANIZATIONS)[number];

/** Certificates and a genesis block made once, from which any number of ledgers in memory can be opened. */
export class EngineWorld {
  readonly #genesisBlock: Buffer;
  readonly #signers: ReadonlyMap<string, Signer>;
  readonly #faults = new WeakMap<Ledger, Promise<unknown>>();
  #config: ChannelConfig | undefined;
  #nonce = 0;

  private constructor(genesisBlock: Buffer, signers: ReadonlyMap<string, Signer>) {
    this.#genesisBlock = genesisBlock;
    this.#signers = signers;
  }

  static async found(): Promise<EngineWorld> {
    const directory = await mkdtemp(join(tmpdir(), 'engine-'));
    const organizations = ORGANIZATIONS.map((mspId) => ({ name: mspId.toLowerCase(), mspId }));
    const consortium = await foundConsortium({ directory, channel: 'engine', organizations, now: new Date() });
    const signers = new Map<string, Signer>();
    for (const { organization, identities } of consortium.members) {
      for (const [name, { signer }] of identities) {
        signers.set(
          `${organization.mspId}.${name}`,
          new Signer(organization.mspId, Buffer.from(signer.certificate), signer.key),
        );
      }
    }
    await rm(directory, { recursive: true });
    return new EngineWorld(Buffer.from(consortium.genesisBlock), signers);
  }

  /** Read once: certificates are judged once for all ledgers. */
  config(): ChannelConfig {
    this.#config ??= readChannelConfig(Block.decode(this.#genesisBlock));
    return this.#config;
  }

  get genesisBlock(): Buffer {
    return this.#genesisBlock;
  }

  signer(name: `${Organization}.${string}`): Signer {
    return this.#signers.get(name)!;
  }

  /** Opens a ledger with one chaincode `cc` that any peer may endorse, or as its policy says. */
  async open(storage: Storage, policy = "OR('A.peer','B.peer','C.peer')", sequence = 1): Promise<Ledger> {
    const config = this.config();
    const chaincode = { name: 'cc', version: '1', sequence, initRequired: false, collections: Buffer.alloc(0) };
    const plugins = { endorsementPlugin: 'escc', validationPlugin: 'vscc' };
    const validationParameter = ApplicationPolicy.encode({ signaturePolicy: parsePolicy(policy) });
    const { promise: fault, resolve: onFault } = Promise.withResolvers<unknown>();
    const ledger = await Ledger.open({
      config,
      chaincodes: [{ ...chaincode, ...plugins, validationParameter }],
      orderer: this.signer('A.orderer'),
      storage,
      genesisBlock: this.#genesisBlock,
      cut: { maxCount: 4 },
      random: (size) => Buffer.alloc(size, 7),
      onFault,
    });
    this.#faults.set(ledger, fault);
    return ledger;
  }

  /** Simulates at the ledger's present height, has the result endorsed, and signs it as a transaction. */
  transaction(
    ledger: Ledger,
    run: (simulation: Simulation) => void,
    endorsers: readonly Organization[] = ['A'],
  ): LedgerTransaction {
    const creator = this.signer('A.gateway');
    const nonce = Buffer.alloc(24);
    nonce.writeUInt32BE(++this.#nonce);
    const txId = sha256(nonce, creator.identity).toString('hex');
    using snapshot = ledger.snapshot();
    const simulation = ledger.simulate(endorsers[0] ?? 'A', txId, snapshot.height);
    run(simulation);
    const { results, plaintext } = simulation.results();
    // Nobody waits for the disk here: schedules of this world are one step after the other.
    ledger.endorsed(txId, plaintext).catch(() => undefined);
    const channelHeader = ChannelHeader.encode({
      type: HeaderType.ENDORSER_TRANSACTION,
      channelId: 'engine',
      txId,
      timestamp: { seconds: this.#nonce },
      extension: ChaincodeHeaderExtension.encode({ chaincodeId: { name: 'cc' } }),
    });
    const signatureHeader = SignatureHeader.encode({ creator: creator.identity, nonce });
    const input = Buffer.from('input');
    const proposalResponsePayload = ProposalResponsePayload.encode({
      proposalHash: sha256(channelHeader, signatureHeader, input),
      extension: ChaincodeAction.encode({
        results,
        response: { status: 200 },
        chaincodeId: { name: 'cc', version: '1' },
      }),
    });
    const endorsements = endorsers.map((mspId) => {
      const signer = this.signer(`${mspId}.peer`);
      const signed = Buffer.concat([proposalResponsePayload, signer.identity]);
      const signature = signer.sign(signed);
      ledger.own.remember(signature, signed);
      return { endorser: signer.identity, signature };
    });
    const action = { proposalResponsePayload, endorsements };
    const payload = ChaincodeActionPayload.encode({ chaincodeProposalPayload: input, action });
    const data = Transaction.encode({ actions: [{ header: signatureHeader, payload }] });
    const whole = Payload.encode({ header: { channelHeader, signatureHeader }, data });
    return readTransaction(Envelope.encode({ payload: whole, signature: creator.sign(whole) }));
  }

  /** Submits transactions and resolves when blocks hold them all; gives all their codes in order. */
  async commit(ledger: Ledger, ...transactions: readonly LedgerTransaction[]): Promise<number[]> {
    const from = ledger.height;
    let left = transactions.length;
    const codes: number[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let seen = from;
    using _listening = ledger.onBlock(async () => {
      const block = await ledger.block(seen++);
      codes.push(...block.codes);
      left -= block.codes.length;
      if (left === 0) resolve();
    });
    for (const transaction of transactions) ledger.submit(transaction, true);
    void this.#faults.get(ledger)?.then(reject);
    await promise;
    return codes;
  }
}
