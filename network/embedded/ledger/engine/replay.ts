import { Fault } from '../../../ledger/fault.ts';
import { type ChannelConfig, readChannelConfig } from '../msp/channel-config.ts';
import { sha256 } from '../msp/signature.ts';
import { Block, Metadata, SignatureHeader } from '../wire/envelope.ts';
import { asCommitted, headerBytes, headerHash, lastConfigOf } from './block.ts';
import { AlteredRecord, RecordLog } from './record-log.ts';
import type { Storage } from './storage.ts';

/**
 * Opens the block file and checks that it is one unbroken chain from the given genesis block. A block that was being
 * written when power went is cut off; anything else that does not fit is refused, naming the block.
 */
export async function openChain(
  storage: Storage,
  genesisBlock: Buffer,
  config: ChannelConfig,
  orderer: Buffer,
): Promise<{ readonly records: RecordLog; readonly tornBytes: number }> {
  const log = await storage.open('blocks');
  let previous = Buffer.alloc(0) as Buffer;
  let last: Buffer = genesisBlock;
  try {
    const opened = await RecordLog.open(log, (bytes, number) => {
      const wrong = flawOf(bytes, number, previous, genesisBlock);
      if (wrong !== undefined) throw refused(number, wrong);
      last = bytes;
      previous = headerHash(Block.decode(bytes).header!);
    });
    const newest = opened.records.count - 1;
    if (newest > 0 && !signedBy(last, await configBefore(newest, opened.records, config), orderer))
      throw refused(newest, "it does not bear our orderer's signature");
    return opened;
  } catch (cause) {
    await log.close();
    if (cause instanceof AlteredRecord) throw refused(cause.index, 'its bytes are not those that were written', cause);
    throw cause;
  }
}

const refused = (number: number, why: string, cause?: unknown): Fault =>
  new Fault(
    'corrupt',
    `Block ${number} of the ledger is altered: ${why}. Restore the ledger's directory from a copy.`,
    { cause },
  );

function flawOf(bytes: Buffer, number: number, previous: Buffer, genesisBlock: Buffer): string | undefined {
  if (number === 0) {
    return bytes.equals(genesisBlock) || asCommitted(bytes).equals(genesisBlock)
      ? undefined
      : 'it is not the genesis block that the configuration names';
  }
  const { header, data } = Block.decode(bytes);
  if (header?.number !== number || !header.previousHash.equals(previous))
    return 'it does not follow the block before it';
  return header.dataHash.equals(sha256(...(data?.data ?? [])))
    ? undefined
    : 'its transactions do not have its data hash';
}

/** The configuration under which a block was cut: the one in force at the block before it. */
async function configBefore(number: number, records: RecordLog, genesis: ChannelConfig): Promise<ChannelConfig> {
  const index = number === 1 ? 0 : lastConfigOf(await records.read(number - 1));
  if (index === 0) return genesis;
  if (index >= number) throw refused(number - 1, 'it names a later block as the configuration in force');
  return readChannelConfig(Block.decode(await records.read(index)));
}

/** The newest block's signature vouches, through the hashes, for every header before it. */
function signedBy(bytes: Buffer, { identities }: ChannelConfig, orderer: Buffer): boolean {
  const { header, metadata } = Block.decode(bytes);
  const { value, signatures } = Metadata.decode(metadata?.metadata[0] ?? Buffer.alloc(0));
  return signatures.some(({ signatureHeader, signature }) => {
    const { creator } = SignatureHeader.decode(signatureHeader);
    const signed = Buffer.concat([value, signatureHeader, headerBytes(header!)]);
    const sound = identities.signer(creator, signed, signature);
    return sound !== undefined && (creator.equals(orderer) || sound.roles.has('orderer'));
  });
}
