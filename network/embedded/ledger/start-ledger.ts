import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Fault } from '../../ledger/fault.ts';
import { ChaincodeConnection } from './chaincode/connection.ts';
import { Channels } from './channels/channels.ts';
import { ordererDoor, participatingOrderer, peerDoor } from './channels/doors.ts';
import type { HostedChannel } from './channels/hosted-channel.ts';
import { LedgerConfig, type ParsedLedgerConfig } from './config.ts';
import { holdDirectory } from './data-directory.ts';
import { agreedChaincodes } from './definitions.ts';
import { asCommitted } from './engine/block.ts';
import { fileStorage } from './engine/file-storage.ts';
import { Ledger } from './engine/ledger.ts';
import type { Storage } from './engine/storage.ts';
import { frontOf } from './front/front.ts';
import { ordererFrontOf } from './front/orderer-front.ts';
import { Peer } from './front/peer.ts';
import { InstalledPackages } from './lifecycle/installed-packages.ts';
import { type ChannelConfig, readChannelConfig } from './msp/channel-config.ts';
import { Identities } from './msp/identities.ts';
import { localOrganization } from './msp/local-organization.ts';
import { type BlockSigner, Signer } from './msp/signer.ts';
import { ParticipationServer } from './participation/participation-server.ts';
import { Block } from './wire/envelope.ts';

/** Where an organization's orderer listens. */
export interface OrdererAddresses {
  readonly address: string;
  /** Of channel participation. */
  readonly adminAddress: string;
}

/** A ledger that serves. Disposing it stops it cleanly; what was acknowledged is on disk. */
export interface RunningLedger extends AsyncDisposable {
  /** `host:port` of each organization's peer, by MSP id. */
  readonly addresses: Readonly<Record<string, string>>;
  /** The organizations' own orderers, by MSP id. */
  readonly orderers: Readonly<Record<string, OrdererAddresses>>;
  /** Number of blocks of the configured channel; 0 without one. */
  readonly height: number;
  /** Settles when a block could not be written any more: the ledger then acknowledges nothing and has to be stopped. */
  readonly failed: Promise<unknown>;
}

type Organization = ParsedLedgerConfig['organizations'][number];

/**
 * Starts the embedded ledger: a peer and, where configured, an orderer per organization, in this process, with the
 * configured channel and all that were joined since. Refuses with a plain sentence (`Fault`) an altered chain, a taken
 * port, a directory in use, or configuration that does not fit.
 */
export async function startLedger(
  config: LedgerConfig,
  { signal }: { signal?: AbortSignal } = {},
): Promise<RunningLedger> {
  const parsed = parse(config);
  await using stack = new AsyncDisposableStack();
  stack.use(holdDirectory(parsed.dataDirectory));
  const { promise: failed, resolve: fail } = Promise.withResolvers<unknown>();
  const configured = configuredChannel(parsed);
  const chaincodes = new Map(
    parsed.organizations.map(({ mspId }) => [
      mspId,
      new Map(parsed.chaincodes.map((each) => [each.name, stack.use(connectionTo(each))] as const)),
    ]),
  );
  const packages = new Map<string, InstalledPackages>();
  for (const organization of parsed.organizations) {
    const opened = await packagesOf(organization, fileStorage(parsed.dataDirectory, { onFault: fail }));
    packages.set(organization.mspId, stack.use(opened));
  }
  const runtimesOf = (mspId: string) => ({ configured: chaincodes.get(mspId)!, packages: packages.get(mspId)! });
  const addresses: Record<string, string> = {};
  const signers = new Map(parsed.organizations.map((each) => [each.mspId, signerOf(each)]));
  const orderers = orderersOf(parsed);
  const channels = stack.use(
    await Channels.open({
      directory: parsed.dataDirectory,
      configured,
      organizations: parsed.organizations.map(({ mspId }) => mspId),
      orderers: [...orderers.keys()].filter((mspId) => mspId !== ''),
      now: Date.now,
      proposalWindowMs: parsed.proposalWindowMs,
      openLedger: (directory, genesis, channel) =>
        Ledger.open({
          config: genesis.config,
          chaincodes: agreedChaincodes(genesis.channelId === parsed.channel ? parsed.chaincodes : [], genesis.config),
          orderer: blockSigner(orderers, channel),
          storage: fileStorage(directory, { onFault: fail }),
          genesisBlock: asCommitted(genesis.bytes),
          cut: parsed.cut ?? {},
          onFault: fail,
        }),
      peerOf: (mspId, ledger) => new Peer(ledger, signers.get(mspId)!, addresses[mspId] ?? '', runtimesOf(mspId)),
    }),
  );
  checkSeats(
    channels,
    configured?.channel,
    (mspId, { ledger }) => new Peer(ledger, signers.get(mspId)!, '', runtimesOf(mspId)),
  );
  const since = Date.now();
  const running: Record<string, OrdererAddresses> = {};
  for (const organization of parsed.organizations) {
    signal?.throwIfAborted();
    const { mspId } = organization;
    const localIdentities = localIdentitiesOf(organization, configured?.config);
    const { proposalWindowMs } = parsed;
    const gossip = { signerOf: (each: string) => signers.get(each)!, since, now: Date.now };
    const addressOf = (each: string): string => addresses[each] ?? '';
    const shared = { mspId, channels, now: Date.now, proposalWindowMs, localIdentities, gossip, addressOf };
    const front = stack.use(frontOf(peerDoor({ ...shared, packages: packages.get(mspId)! })));
    addresses[mspId] = await front.listen(organization.address, tlsOf(organization.tls));
    if (organization.orderer !== undefined) {
      running[mspId] = await startOrderer(mspId, organization.orderer, channels, stack);
    }
  }
  for (const { peers } of channels) for (const peer of peers) peer.address = addresses[peer.mspId]!;
  const all = stack.move();
  const stop = (): Promise<void> => all.disposeAsync();
  signal?.addEventListener('abort', () => void stop(), { once: true });
  return {
    addresses,
    orderers: running,
    failed,
    get height() {
      return parsed.channel === undefined ? 0 : (channels.get(parsed.channel)?.ledger.height ?? 0);
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** The configured channel begins with every member's peer, or not at all: a certificate that it does not accept is a mistake. */
function checkSeats(
  channels: Channels,
  configured: string | undefined,
  seat: (mspId: string, channel: HostedChannel) => Peer,
): void {
  const channel = configured === undefined ? undefined : channels.get(configured);
  if (channel === undefined) return;
  const seated = new Set(channel.peers.map(({ mspId }) => mspId));
  const members = channel.membership.peers.filter((mspId) => channel.ledger.config.members.includes(mspId));
  for (const mspId of members) if (!seated.has(mspId)) seat(mspId, channel);
}

async function startOrderer(
  mspId: string,
  { address, adminAddress, tls }: NonNullable<Organization['orderer']>,
  channels: Channels,
  stack: AsyncDisposableStack,
): Promise<OrdererAddresses> {
  const { certificate, key } = tlsOf({ certificate: tls.certificate, key: tls.key });
  const front = stack.use(ordererFrontOf(ordererDoor(mspId, channels, Date.now)));
  const clientRoots = file(tls.clientRoots);
  const api = stack.use(
    new ParticipationServer(participatingOrderer(mspId, channels), { certificate, key, clientRoots }),
  );
  return { address: await front.listen(address, { certificate, key }), adminAddress: await api.listen(adminAddress) };
}

function parse(config: LedgerConfig): ParsedLedgerConfig {
  const parsed = LedgerConfig.safeParse(config);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = issue === undefined || issue.path.length === 0 ? 'its whole' : `"${issue.path.join('.')}"`;
  throw new Fault(
    'misconfigured',
    `The ledger's configuration is wrong at ${where}: ${issue?.message ?? 'unreadable'}.`,
  );
}

function configuredChannel({ channel, genesisBlock, organizations }: ParsedLedgerConfig) {
  if (channel === undefined || genesisBlock === undefined) {
    for (const { mspId, rootCertificates } of organizations) {
      if (rootCertificates === undefined) throw unknownAuthority(mspId, 'no channel is configured that would name it');
    }
    return undefined;
  }
  const bytes = file(genesisBlock);
  const config = readGenesis(genesisBlock, bytes);
  if (config.channelId !== channel) {
    throw new Fault('misconfigured', `The genesis block is for channel ${config.channelId}, not ${channel}.`);
  }
  for (const { mspId, rootCertificates } of organizations) {
    if (config.members.includes(mspId) || rootCertificates !== undefined) continue;
    throw unknownAuthority(mspId, `it is no member of channel ${channel}`);
  }
  return { channel, genesisBlock: bytes, config };
}

const unknownAuthority = (mspId: string, why: string): Fault =>
  new Fault('misconfigured', `${mspId} needs "rootCertificates", its certificate authority: ${why}.`);

function readGenesis(path: string, bytes: Buffer): ChannelConfig {
  try {
    return readChannelConfig(Block.decode(bytes));
  } catch (cause) {
    throw new Fault('misconfigured', `${path} is no genesis block: ${(cause as Error).message}`, { cause });
  }
}

/** Who signs blocks, by MSP id; under no MSP id the one that stands for all. */
function orderersOf({ organizations, orderer }: ParsedLedgerConfig): ReadonlyMap<string, Signer> {
  const own = organizations.flatMap(({ mspId, orderer: each }) =>
    each === undefined ? [] : [[mspId, signerOf({ mspId, ...each })] as const],
  );
  return new Map(own.length > 0 || orderer === undefined ? own : [['', signerOf(orderer)]]);
}

/** Signs as the first orderer that takes part in the channel's order now. */
function blockSigner(orderers: ReadonlyMap<string, Signer>, channel: () => HostedChannel | undefined): BlockSigner {
  const [first] = orderers.values();
  const current = (): Signer => {
    for (const [mspId, signer] of orderers) if (channel()?.orderedBy(mspId)) return signer;
    return first!;
  };
  return {
    get identity() {
      return current().identity;
    },
    sign: (bytes) => current().sign(bytes),
  };
}

function localIdentitiesOf({ mspId, rootCertificates }: Organization, channel: ChannelConfig | undefined): Identities {
  const organization =
    rootCertificates === undefined
      ? channel!.organizations.get(mspId)!
      : localOrganization(mspId, file(rootCertificates));
  return new Identities([organization]);
}

function signerOf({ mspId, certificate, key }: { mspId: string; certificate: string; key: string }): Signer {
  const pem = inForce(certificate, `with which ${mspId} signs`);
  return new Signer(mspId, pem, createPrivateKey(file(key)));
}

/** A certificate's bytes; one that has ended is refused at once, and not when the first caller finds out. */
function inForce(path: string, what: string): Buffer {
  const pem = file(path);
  let validTo: string;
  try {
    ({ validTo } = new X509Certificate(pem));
  } catch (cause) {
    throw new Fault('misconfigured', `${path}, the certificate ${what}, cannot be read as one.`, { cause });
  }
  if (Date.parse(validTo) > Date.now()) return pem;
  const ended = new Date(validTo).toISOString();
  throw new Fault('misconfigured', `${path}, the certificate ${what}, ended on ${ended}: renew it, then start again.`);
}

function tlsOf({ certificate, key, clientRoots }: Organization['tls']) {
  const roots = clientRoots === undefined ? {} : { clientRoots: [file(clientRoots)] };
  return { certificate: inForce(certificate, 'by which TLS callers know the ledger'), key: file(key), ...roots };
}

function connectionTo(chaincode: ParsedLedgerConfig['chaincodes'][number]): ChaincodeConnection {
  return new ChaincodeConnection({ name: chaincode.name, ...serviceOf(chaincode) });
}

function serviceOf({ address, tls }: Pick<ParsedLedgerConfig['chaincodes'][number], 'address' | 'tls'>) {
  const server = tls.serverName === undefined ? {} : { servername: tls.serverName };
  const files = { ca: file(tls.rootCertificates), cert: file(tls.clientCertificate), key: file(tls.clientKey) };
  return { address, tls: { ...files, ...server } };
}

function packagesOf(
  { mspId, packages }: ParsedLedgerConfig['organizations'][number],
  storage: Storage,
): Promise<InstalledPackages> {
  const services = Object.entries(packages).map(([label, service]) => [label, serviceOf(service)] as const);
  return InstalledPackages.open(storage, mspId, new Map(services));
}

function file(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Fault('misconfigured', `The ledger cannot read ${path} (${code ?? 'unknown reason'}).`, { cause });
  }
}
