import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Fault } from '../../ledger/fault.ts';
import { ChaincodeConnection } from './chaincode/connection.ts';
import { LedgerConfig, type ParsedLedgerConfig } from './config.ts';
import { holdDirectory } from './data-directory.ts';
import { agreedChaincodes } from './definitions.ts';
import { asCommitted } from './engine/block.ts';
import { fileStorage } from './engine/file-storage.ts';
import { Ledger } from './engine/ledger.ts';
import type { Channel } from './front/channel.ts';
import { doorOf } from './front/door.ts';
import { frontOf } from './front/front.ts';
import { Peer } from './front/peer.ts';
import { type ChannelConfig, readChannelConfig } from './msp/channel-config.ts';
import { Signer } from './msp/signer.ts';
import { Block } from './wire/envelope.ts';

/** A ledger that serves. Disposing it stops it cleanly; what was acknowledged is on disk. */
export interface RunningLedger extends AsyncDisposable {
  /** `host:port` of each organization's peer, by MSP id. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Number of blocks. */
  readonly height: number;
  /** Settles when a block could not be written any more: the ledger then acknowledges nothing and has to be stopped. */
  readonly failed: Promise<unknown>;
}

/**
 * Starts the embedded ledger: one channel, a peer per organization and their orderer, in this process. Refuses with a
 * plain sentence (`Fault`) an altered chain, a taken port, a directory in use, or configuration that does not fit.
 */
export async function startLedger(
  config: LedgerConfig,
  { signal }: { signal?: AbortSignal } = {},
): Promise<RunningLedger> {
  const parsed = parse(config);
  await using stack = new AsyncDisposableStack();
  stack.use(holdDirectory(parsed.dataDirectory));
  const ordered = file(parsed.genesisBlock);
  const channelConfig = readGenesis(parsed, ordered);
  const genesisBlock = asCommitted(ordered);
  const { promise: failed, resolve: fail } = Promise.withResolvers<unknown>();
  const ledger = stack.use(
    await Ledger.open({
      config: channelConfig,
      chaincodes: agreedChaincodes(parsed.chaincodes, channelConfig),
      orderer: signerOf(parsed.orderer),
      storage: fileStorage(parsed.dataDirectory),
      genesisBlock,
      cut: parsed.cut ?? {},
      onFault: fail,
    }),
  );
  const peers = parsed.organizations.map((organization) => {
    const chaincodes = parsed.chaincodes.map(
      (chaincode) => [chaincode.name, stack.use(connectionTo(chaincode))] as const,
    );
    return new Peer(ledger, signerOf(organization), organization.address, new Map(chaincodes));
  });
  const channel: Channel = {
    id: parsed.channel,
    ledger,
    peers,
    now: Date.now,
    proposalWindowMs: parsed.proposalWindowMs,
  };
  const addresses: Record<string, string> = {};
  for (const [i, { mspId, address, tls }] of parsed.organizations.entries()) {
    signal?.throwIfAborted();
    const front = stack.use(frontOf(doorOf(mspId, [channel])));
    const clientRoots = tls.clientRoots === undefined ? {} : { clientRoots: [file(tls.clientRoots)] };
    const listening = await front.listen(address, {
      certificate: file(tls.certificate),
      key: file(tls.key),
      ...clientRoots,
    });
    addresses[mspId] = listening;
    peers[i]!.address = listening;
  }
  const running = stack.move();
  const stop = (): Promise<void> => running.disposeAsync();
  signal?.addEventListener('abort', () => void stop(), { once: true });
  return {
    addresses,
    failed,
    get height() {
      return ledger.height;
    },
    [Symbol.asyncDispose]: stop,
  };
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

function readGenesis(config: ParsedLedgerConfig, bytes: Buffer): ChannelConfig {
  let channel: ChannelConfig;
  try {
    channel = readChannelConfig(Block.decode(bytes));
  } catch (cause) {
    throw new Fault('misconfigured', `${config.genesisBlock} is no genesis block: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (channel.channelId !== config.channel) {
    throw new Fault('misconfigured', `The genesis block is for channel ${channel.channelId}, not ${config.channel}.`);
  }
  const stranger = config.organizations.find(({ mspId }) => !channel.members.includes(mspId));
  if (stranger === undefined) return channel;
  throw new Fault('misconfigured', `${stranger.mspId} is no member of channel ${config.channel}.`);
}

function signerOf({ mspId, certificate, key }: { mspId: string; certificate: string; key: string }): Signer {
  return new Signer(mspId, file(certificate), createPrivateKey(file(key)));
}

function connectionTo({ name, address, tls }: ParsedLedgerConfig['chaincodes'][number]): ChaincodeConnection {
  const server = tls.serverName === undefined ? {} : { servername: tls.serverName };
  const files = { ca: file(tls.rootCertificates), cert: file(tls.clientCertificate), key: file(tls.clientKey) };
  return new ChaincodeConnection({ name, address, tls: { ...files, ...server } });
}

function file(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new Fault('misconfigured', `The ledger cannot read ${path} (${code ?? 'unknown reason'}).`, { cause });
  }
}
