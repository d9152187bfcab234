import { type ChaincodeConnection, ChaincodeUnreachable } from '../chaincode/connection.ts';
import type { CollectionAccess, Outcome } from '../chaincode/execution.ts';
import { initializes } from '../chaincode/initialization.ts';
import { LIFECYCLE } from '../engine/definitions.ts';
import type { ChaincodeCall } from '../engine/interest.ts';
import type { Ledger } from '../engine/ledger.ts';
import { fieldKey } from '../engine/lifecycle-state.ts';
import type { Simulation } from '../engine/simulation.ts';
import { channelLifecycle } from '../lifecycle/channel-functions.ts';
import type { InstalledPackages } from '../lifecycle/installed-packages.ts';
import { isLocalFunction, type LocalPeer, localLifecycle } from '../lifecycle/local-functions.ts';
import type { Identity } from '../msp/identity.ts';
import type { Signer } from '../msp/signer.ts';
import {
  ChaincodeAction,
  ChaincodeEvent,
  ChaincodeInput,
  ProposalResponsePayload,
  Response,
} from '../wire/proposal.ts';
import type { UnpackedProposal } from './proposal.ts';
import { isSystemChaincode } from './proposal.ts';
import { systemChaincode } from './system-chaincodes.ts';

/** What a peer answers to a proposal. Without a payload it is the peer's own refusal, with one the chaincode's word. */
export interface PeerAnswer {
  readonly response: Response;
  readonly payload?: Buffer;
  readonly endorsement?: { readonly endorser: Buffer; readonly signature: Buffer };
  readonly interest?: readonly ChaincodeCall[];
}

/** A simulation that ended, with the chaincode's answer. */
interface Simulated {
  readonly response: Response;
  readonly event: ChaincodeEvent | undefined;
  readonly simulation: Simulation;
  readonly version: string;
}

/** Fabric's own text for why a proposal could not be simulated. */
class Unsimulated extends Error {}

/** Statuses from here on are refusals of the chaincode: they are reported but not endorsed. */
const ERROR_THRESHOLD = 400;
/** From here on they come with their read and write set, unendorsed: so clients tell them from the peer's own refusals. */
const ERROR = 500;
const SYSTEM_VERSION = 'syscc';

/** What one organization's peer can run: chaincodes that the configuration names, and packages that were installed. */
export interface Runtimes {
  readonly configured: ReadonlyMap<string, ChaincodeConnection>;
  readonly packages: InstalledPackages;
}

/** One endorsing peer of one organization: simulates a proposal on its own stream and signs the result. */
export class Peer {
  readonly mspId: string;
  /** What `ErrorDetail` names; known once the peer listens. */
  address: string;
  readonly #signer: Signer;
  readonly #ledger: Ledger;
  readonly #runtimes: Runtimes;

  constructor(ledger: Ledger, signer: Signer, address: string, runtimes: Runtimes) {
    this.mspId = signer.mspId;
    this.address = address;
    this.#signer = signer;
    this.#ledger = ledger;
    this.#runtimes = runtimes;
    if (this.identity === undefined) {
      throw new Error(`The peer certificate of ${signer.mspId} is not one that the channel's configuration accepts.`);
    }
  }

  /** The identity its endorsements bear, by which policies are planned; `undefined` while the channel does not accept it. */
  get identity(): Identity | undefined {
    const identity = this.#ledger.config.identities.read(this.#signer.identity);
    return identity?.problem === undefined ? identity : undefined;
  }

  /** The chaincodes agreed upon that this peer runs with a package. */
  chaincodesOf(packageId: string): readonly { readonly name: string; readonly version: string }[] {
    return [...this.#ledger.definitions.all()].filter(
      (definition) => this.#ledger.packageOf(this.mspId, definition) === packageId,
    );
  }

  has(chaincode: string): boolean {
    return isSystemChaincode(chaincode) || this.#connectionTo(chaincode) !== undefined;
  }

  /** What runs a chaincode here: the package that the organization approved for it, or what the configuration names. */
  #connectionTo(chaincode: string): ChaincodeConnection | undefined {
    const definition = this.#ledger.definitions.find(chaincode);
    if (definition === undefined) return undefined;
    const packageId = this.#ledger.packageOf(this.mspId, definition);
    if (packageId !== undefined) return this.#runtimes.packages.connection(packageId);
    return definition.fromStart ? this.#runtimes.configured.get(chaincode) : undefined;
  }

  /** Simulates at a height and endorses; the proposal was checked before. */
  async endorse(proposal: UnpackedProposal, height: number, creator: Identity): Promise<PeerAnswer> {
    try {
      if (proposal.chaincode === LIFECYCLE) return await this.#lifecycle(proposal, height, creator);
      if (isSystemChaincode(proposal.chaincode)) return await this.#system(proposal, creator);
      return await this.#simulated(proposal, height, creator);
    } catch (cause) {
      if (!(cause instanceof Unsimulated)) throw cause;
      return { response: { status: 500, message: cause.message } };
    }
  }

  async #simulated(proposal: UnpackedProposal, height: number, creator: Identity): Promise<PeerAnswer> {
    const { chaincode, channelHeader, input } = proposal;
    const { txId, channelId } = channelHeader;
    const missing = this.#missing(chaincode);
    if (missing !== undefined) {
      throw new Unsimulated(
        `make sure the chaincode ${chaincode} has been successfully defined on channel ${channelId} and try again: ${missing}`,
      );
    }
    const { version } = this.#ledger.definitions.find(chaincode)!;
    const simulation = this.#ledger.simulate(this.mspId, txId, height);
    const outcome = await this.#run(chaincode, input, proposal, simulation, creator).catch((cause) => {
      if (!(cause instanceof ChaincodeUnreachable)) throw cause;
      throw new Unsimulated(`error in simulation: failed to execute transaction ${txId}: ${cause.message}`);
    });
    if (!outcome.completed) {
      throw new Unsimulated(`error in simulation: transaction returned with failure: ${outcome.payload.toString()}`);
    }
    const response = Response.decode(outcome.payload);
    const event = response.status < ERROR_THRESHOLD ? outcome.event : undefined;
    return this.#answer(proposal, { response, event, simulation, version });
  }

  /** What becomes of a simulation that ended: endorsed, or reported as the chaincode's refusal. */
  async #answer(
    { hash, chaincode, channelHeader: { txId } }: UnpackedProposal,
    { response, event, simulation, version }: Simulated,
  ): Promise<PeerAnswer> {
    const { results, plaintext, interest } = resultsOf(simulation);
    const payload = ProposalResponsePayload.encode({
      proposalHash: hash,
      extension: ChaincodeAction.encode({
        results,
        events: event === undefined ? '' : ChaincodeEvent.encode(event),
        response,
        chaincodeId: { name: chaincode, version },
      }),
    });
    if (response.status >= ERROR) return { response, payload, interest };
    if (response.status >= ERROR_THRESHOLD) return { response };
    await this.#ledger.endorsed(txId, plaintext);
    return { response, payload, endorsement: this.#sign(payload), interest };
  }

  async #run(
    chaincode: string,
    input: ChaincodeInput,
    proposal: UnpackedProposal,
    simulation: Simulation,
    creator: Identity,
  ): Promise<Outcome> {
    const { channelId, txId } = proposal.channelHeader;
    simulation.get(LIFECYCLE, fieldKey('namespaces', chaincode, 'Sequence'));
    const definition = this.#ledger.definitions.find(chaincode)!;
    return this.#connectionTo(chaincode)!.execute({
      channelId,
      txId,
      namespace: chaincode,
      input: ChaincodeInput.encode(input),
      initializes: initializes(definition, input.isInit, simulation),
      proposal: proposal.signed,
      simulation,
      access: (collection) => this.#access(channelId, chaincode, collection, creator),
      invoke: (name, called) => this.#called(name, called, proposal, simulation, creator),
    });
  }

  /** Chaincode to chaincode, in the same simulation and on the same channel. */
  async #called(
    name: string,
    input: ChaincodeInput,
    proposal: UnpackedProposal,
    simulation: Simulation,
    creator: Identity,
  ): Promise<Outcome> {
    const { channelId } = proposal.channelHeader;
    const [chaincode = '', channel = channelId] = name.split('/');
    if (channel !== channelId) throw new Error(`failed to find ledger for channel: ${channel}`);
    const missing = this.#missing(chaincode);
    if (missing !== undefined) {
      const where = `[channel ${channelId}] failed to get chaincode container info for ${chaincode}`;
      throw new Error(`execute failed: invalid invocation: ${where}: ${missing}`);
    }
    try {
      return await this.#run(chaincode, input, proposal, simulation, creator);
    } catch (cause) {
      throw cause instanceof ChaincodeUnreachable ? new Error(`execute failed: ${cause.message}`) : cause;
    }
  }

  #missing(chaincode: string): string | undefined {
    if (this.#ledger.definitions.find(chaincode) === undefined) return `chaincode ${chaincode} not found`;
    if (this.#connectionTo(chaincode) !== undefined) return undefined;
    return `chaincode definition for '${chaincode}' exists, but chaincode is not installed`;
  }

  #access(channelId: string, chaincode: string, name: string, creator: Identity): CollectionAccess {
    const collection = this.#ledger.definitions.collection(chaincode, name);
    // Names of this form are taken for some organization's own collection; whether there is one turns out on use.
    if (name.startsWith('_implicit_org_')) return { read: true, write: true };
    if (collection === undefined) throw new Error(`collection ${channelId}/${chaincode}/${name} could not be found`);
    const member = collection.members.has(creator.mspId);
    return { read: member || !collection.memberOnlyRead, write: member || !collection.memberOnlyWrite };
  }

  /** Approvals and agreements are simulated like any chaincode's transaction; what concerns this peer alone is not. */
  async #lifecycle(proposal: UnpackedProposal, height: number, creator: Identity): Promise<PeerAnswer> {
    const { input, channelHeader } = proposal;
    const simulation = this.#ledger.simulate(this.mspId, channelHeader.txId, height);
    const { args } = input;
    const channel = this.#ledger.config;
    const { mspId } = this;
    const response = isLocalFunction(args[0]?.toString() ?? '')
      ? await localLifecycle(this.#local(), args, creator)
      : await channelLifecycle({ channel, mspId, simulation }, args, creator);
    return this.#answer(proposal, { response, event: undefined, simulation, version: SYSTEM_VERSION });
  }

  #local(): LocalPeer {
    const use = { channelId: this.#ledger.config.channelId, chaincodesOf: (id: string) => this.chaincodesOf(id) };
    return { mspId: this.mspId, packages: this.#runtimes.packages, uses: () => [use] };
  }

  async #system(proposal: UnpackedProposal, creator: Identity): Promise<PeerAnswer> {
    const { chaincode, channelHeader, input, hash } = proposal;
    const response = await systemChaincode(this.#ledger, chaincode, input.args, channelHeader.channelId, creator);
    const action = { response, chaincodeId: { name: chaincode, version: SYSTEM_VERSION } };
    const payload = ProposalResponsePayload.encode({ proposalHash: hash, extension: ChaincodeAction.encode(action) });
    return response.status >= ERROR_THRESHOLD
      ? { response, payload }
      : { response, payload, endorsement: this.#sign(payload) };
  }

  #sign(payload: Buffer): { endorser: Buffer; signature: Buffer } {
    const endorser = this.#signer.identity;
    const signed = Buffer.concat([payload, endorser]);
    const signature = this.#signer.sign(signed);
    this.#ledger.own.remember(signature, signed);
    return { endorser, signature };
  }
}

/** A key whose own policy cannot be read makes the results unfit to be endorsed. */
function resultsOf(simulation: Simulation): ReturnType<Simulation['results']> {
  try {
    return simulation.results();
  } catch (cause) {
    throw new Unsimulated(`error in simulation: ${(cause as Error).message}`);
  }
}
