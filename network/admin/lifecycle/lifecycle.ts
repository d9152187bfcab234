import { setTimeout as delay } from 'node:timers/promises';
import { Fault } from '../../ledger/fault.ts';
import { ProcessedTransaction } from '../../ledger/messages/index.ts';
import { validationCodes } from '../../ledger/validation-codes.ts';
import { ask, type PeerConnection, PeerRefused, processProposal } from '../protocol/endorser.ts';
import { broadcast, type OrdererConnection } from '../protocol/orderer.ts';
import { buildProposal, buildTransaction } from '../protocol/proposal.ts';
import { collectionsIn, definitionArgs, endorsementText } from './definition.ts';
import type { ChaincodeDefinition, CollectionDefinition } from './definition-schema.ts';
import {
  ApproveArgs,
  DefinitionArgs,
  InstallChaincodeArgs,
  InstallChaincodeResult,
  QueryApprovedArgs,
  QueryApprovedResult,
  QueryDefinitionArgs,
  QueryDefinitionResult,
  QueryDefinitionsResult,
  QueryInstalledResult,
  ReadinessResult,
} from './messages.ts';
import type { ChaincodePackage } from './package.ts';

const chaincode = '_lifecycle';

/** Installs a package on one peer (its admin). A package that is installed already is fine. Answers the package id. */
export async function installChaincode(peer: PeerConnection, chaincodePackage: ChaincodePackage): Promise<string> {
  const args = ['InstallChaincode', InstallChaincodeArgs.encode({ chaincodeInstallPackage: chaincodePackage.bytes })];
  try {
    const answer = await ask(peer, { channel: '', chaincode, args }, `installing ${chaincodePackage.label}`);
    return InstallChaincodeResult.decode(answer).packageId;
  } catch (error) {
    const installed = error instanceof PeerRefused && error.message.includes('already successfully installed');
    if (installed) return chaincodePackage.packageId;
    throw error;
  }
}

export interface InstalledPackage {
  readonly packageId: string;
  readonly label: string;
}

export async function installedPackages(peer: PeerConnection): Promise<InstalledPackage[]> {
  const args = ['QueryInstalledChaincodes', new Uint8Array(0)];
  const answer = await ask(peer, { channel: '', chaincode, args }, 'listing installed chaincodes');
  return QueryInstalledResult.decode(answer).installed;
}

/** Which organizations have approved exactly this definition, by MSP id. */
export async function commitReadiness(
  peer: PeerConnection,
  definition: ChaincodeDefinition,
): Promise<ReadonlyMap<string, boolean>> {
  const args = ['CheckCommitReadiness', DefinitionArgs.encode(definitionArgs(definition))];
  const content = { channel: definition.channel, chaincode, args };
  const answer = await ask(peer, content, `asking who approved ${definition.name}`);
  return new Map(ReadinessResult.decode(answer).approvals.map(({ key, value }) => [key, value]));
}

export interface CommittedDefinition {
  readonly version: string;
  readonly sequence: number;
  readonly approvals: ReadonlyMap<string, boolean>;
}

/** The definition in force, or undefined where the channel has none of that name. */
export async function committedDefinition(
  peer: PeerConnection,
  channel: string,
  name: string,
): Promise<CommittedDefinition | undefined> {
  const args = ['QueryChaincodeDefinition', QueryDefinitionArgs.encode({ name })];
  try {
    const answer = await ask(peer, { channel, chaincode, args }, `looking for ${name}`);
    const { version, sequence, approvals } = QueryDefinitionResult.decode(answer);
    return { version, sequence, approvals: new Map(approvals.map(({ key, value }) => [key, value])) };
  } catch (error) {
    if (error instanceof PeerRefused && error.message.includes('is not defined')) return undefined;
    throw error;
  }
}

/** A chaincode of a channel as it is in force. */
export interface ChaincodeInForce {
  readonly name: string;
  readonly version: string;
  readonly sequence: number;
  /** Such as `/Channel/Application/Endorsement` or `OR('A.peer','B.peer')`. */
  readonly endorsement: string;
  readonly collections: readonly CollectionDefinition[];
}

/** Every chaincode that a channel has agreed upon, by name. */
export async function chaincodesInForce(peer: PeerConnection, channel: string): Promise<ChaincodeInForce[]> {
  const args = ['QueryChaincodeDefinitions', new Uint8Array(0)];
  const answer = await ask(peer, { channel, chaincode, args }, `listing the chaincodes of ${channel}`);
  return QueryDefinitionsResult.decode(answer)
    .definitions.map(({ name, version, sequence, validationParameter, collections }) => ({
      ...{ name, version, sequence },
      endorsement: endorsementText(validationParameter),
      collections: collectionsIn(collections),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What an organization approved: the definition, and the package that runs it on its own peers where it named one. */
export type ApprovedDefinition = ChaincodeInForce & { readonly packageId?: string };

/** What the peer's own organization approved with this sequence, or undefined where it approved nothing with it. */
export async function approvedDefinition(
  peer: PeerConnection,
  channel: string,
  { name, sequence }: { readonly name: string; readonly sequence: number },
): Promise<ApprovedDefinition | undefined> {
  const args = ['QueryApprovedChaincodeDefinition', QueryApprovedArgs.encode({ name, sequence })];
  try {
    const answer = await ask(peer, { channel, chaincode, args }, `looking for the own approval of ${name}`);
    const { version, validationParameter, collections, source } = QueryApprovedResult.decode(answer);
    const packageId = source?.local?.packageId;
    return {
      ...{ name, version, sequence },
      endorsement: endorsementText(validationParameter),
      collections: collectionsIn(collections),
      ...(packageId === undefined ? {} : { packageId }),
    };
  } catch (error) {
    if (error instanceof PeerRefused && error.message.includes('could not fetch approved')) return undefined;
    throw error;
  }
}

export interface OrderingRequest {
  readonly orderer: OrdererConnection;
  readonly signal?: AbortSignal;
  /** How long to wait for the block, in milliseconds. */
  readonly commitMs?: number;
}

/** Approves a definition for the peer's own organization, and which package it runs; waits for the block. */
export async function approveChaincode(
  peer: PeerConnection,
  definition: ChaincodeDefinition,
  packageId: string | undefined,
  ordering: OrderingRequest,
): Promise<void> {
  const source = packageId === undefined ? { unavailable: {} } : { local: { packageId } };
  const args = ApproveArgs.encode({ ...definitionArgs(definition), source });
  await approveBytes(peer, definition, args, ordering);
}

/** The same with the arguments as `_lifecycle` takes them. */
export async function approveBytes(
  peer: PeerConnection,
  definition: Pick<ChaincodeDefinition, 'channel' | 'name'>,
  args: Uint8Array,
  ordering: OrderingRequest,
): Promise<void> {
  await order([peer], definition, 'ApproveChaincodeDefinitionForMyOrg', args, ordering);
}

/** Commits a definition: endorsed by enough organizations' peers for LifecycleEndorsement; waits for the block. */
export async function commitChaincode(
  peers: readonly PeerConnection[],
  definition: ChaincodeDefinition,
  ordering: OrderingRequest,
): Promise<void> {
  const args = DefinitionArgs.encode(definitionArgs(definition));
  await order(peers, definition, 'CommitChaincodeDefinition', args, ordering);
}

async function order(
  peers: readonly PeerConnection[],
  definition: Pick<ChaincodeDefinition, 'channel' | 'name'>,
  name: string,
  args: Uint8Array,
  { orderer, signal, commitMs = 60_000 }: OrderingRequest,
): Promise<void> {
  const [first] = peers;
  if (first === undefined) throw new Fault('misconfigured', `${name} needs at least one peer`);
  const { channel } = definition;
  const proposal = buildProposal(first.signatory, { channel, chaincode, args: [name, args], now: new Date() });
  // One proposer signs for all peers: the endorsements must answer the same proposal.
  const asked = peers.map((peer) => processProposal({ ...peer, signatory: first.signatory }, proposal, name, signal));
  const responses = await Promise.all(asked);
  await broadcast(orderer, buildTransaction(first.signatory, proposal, responses), signal);
  const code = await waitForBlock(first, channel, proposal.transactionId, commitMs, signal);
  if (code !== validationCodes.valid) {
    throw new Fault('misconfigured', `${name} of ${definition.name} was ordered but not valid (code ${code})`);
  }
}

const pollMs = 100;

async function waitForBlock(
  peer: PeerConnection,
  channel: string,
  transactionId: string,
  ms: number,
  signal?: AbortSignal,
): Promise<number> {
  const end = performance.now() + ms;
  for (;;) {
    try {
      const content = { channel, chaincode: 'qscc', args: ['GetTransactionByID', channel, transactionId] };
      return ProcessedTransaction.decode(await ask(peer, content, 'waiting for the block', signal)).validationCode;
    } catch (error) {
      if (!(error instanceof PeerRefused)) throw error;
      if (performance.now() > end) {
        throw new Fault('timeout', `transaction ${transactionId} was not seen in a block`, {
          cause: error,
          transactionId,
        });
      }
    }
    await delay(pollMs, undefined, signal === undefined ? {} : { signal });
  }
}
