import { Block } from '@d-cloud/network/ledger/messages';
import {
  blockHash,
  type ChannelConfig,
  configAt,
  parseBlock,
  type VerifiedBlock,
  verifyAnswer,
  verifyBlock,
  verifyConfigChain,
  verifyInForce,
  verifyTransaction,
} from '@d-cloud/network/ledger/verify';
import { must } from './checks.ts';
import { type EvidencePack, unpackAnswer } from './pack.ts';
import { ToldFacts } from './told-facts.ts';

/** Walks the config blocks from the pinned genesis block. */
export function verifyConfigs(pack: EvidencePack, genesisHash: string) {
  const [first] = pack.configBlocks;
  const given = Buffer.from(blockHash(parseBlock(Buffer.from(first ?? '', 'base64')).header)).toString('hex');
  must(given === genesisHash, `the pack begins with genesis block ${given}, not with the pinned ${genesisHash}`);
  must(pack.about.genesis === genesisHash, 'the pack says it is of another genesis block');
  const configs = verifyConfigChain(
    Buffer.from(genesisHash, 'hex'),
    pack.configBlocks.map((block) => Buffer.from(block, 'base64')),
  );
  const [genesis] = configs;
  must(genesis?.channel === pack.about.channel, `the genesis block is of channel ${genesis?.channel}`);
  return {
    found: configs,
    sentence: `The configuration chain of channel ${genesis.channel} (${configs.length} config block(s)) begins at the pinned genesis hash.`,
  };
}

export type AnsweredBlock = { readonly block: VerifiedBlock; readonly organizations: readonly string[] };

/** Every block: signed by the channel's orderers, and shown alike, validation flags and all, by peers of two or more organizations. */
export function verifyBlocks(pack: EvidencePack, configs: readonly ChannelConfig[]) {
  let before = -1;
  const blocks = pack.blocks.map(({ number, answers }) => {
    must(number > before, 'the blocks are not in order');
    before = number;
    return verifyAnswered(number, answers, configAt(configs, number));
  });
  const signers = new Set(blocks.flatMap(({ block }) => block.signers));
  return {
    found: blocks,
    sentence: `${blocks.length} blocks: data match their headers, orderers of ${[...signers].sort().join(', ')} signed them, and peers of two or more organizations signed for their validation flags.`,
  };
}

function verifyAnswered(
  number: number,
  answers: EvidencePack['blocks'][number]['answers'],
  config: ChannelConfig,
): AnsweredBlock {
  const organizations = new Set<string>();
  let first: VerifiedBlock | undefined;
  for (const packed of answers) {
    const answer = verifyAnswer(unpackAnswer(packed), config);
    const isAboutIt =
      answer.query === 'GetBlockByNumber' && answer.args.length === 1 && answer.args[0] === String(number);
    must(
      isAboutIt,
      `${answer.organization} was asked ${answer.query} ${answer.args.join(' ')}, not for block ${number}`,
    );
    const block = verifyBlock(answer.payload, config);
    verifyInForce(block, config);
    must(block.header.number === number, `${answer.organization} showed block ${block.header.number} for ${number}`);
    must(isCanonicalBlock(answer.payload), `${answer.organization} showed a block that is not in its one form`);
    first ??= block;
    must(sameBlock(first, block), `two organizations show block ${number} differently`);
    organizations.add(answer.organization);
  }
  const least = Math.min(2, config.applicationMsps.size);
  must(
    organizations.size >= least,
    `block ${number} is shown by ${organizations.size} organization(s), ${least} are needed`,
  );
  must(first !== undefined, `nobody shows block ${number}`);
  return { block: first, organizations: [...organizations] };
}

function isCanonicalBlock(bytes: Uint8Array): boolean {
  return Buffer.compare(Block.encode(Block.decode(bytes)), bytes) === 0;
}

function sameBlock(a: VerifiedBlock, b: VerifiedBlock): boolean {
  return (
    Buffer.compare(a.hash, b.hash) === 0 &&
    Buffer.compare(a.validationCodes, b.validationCodes) === 0 &&
    a.envelopes.length === b.envelopes.length &&
    a.envelopes.every((envelope, at) => Buffer.compare(envelope, b.envelopes[at] as Uint8Array) === 0)
  );
}

/** Every valid chaincode transaction of the blocks: creator and endorsers signed it, two or more organizations endorsed it. What they say is collected. */
export function verifyTransactions(
  blocks: readonly AnsweredBlock[],
  configs: readonly ChannelConfig[],
  chaincode: string,
) {
  const facts = new ToldFacts();
  for (const { block } of blocks) {
    const { number } = block.header;
    const config = configAt(configs, number);
    for (const [place, envelope] of block.envelopes.entries()) {
      if (block.validationCodes[place] !== 0) continue;
      const verified = verifyTransaction(envelope, config);
      if (verified.transaction.chaincode !== chaincode) continue;
      const least = Math.min(2, config.applicationMsps.size);
      must(
        verified.endorsers.length >= least,
        `transaction ${verified.transaction.id} was endorsed by ${verified.endorsers.join(', ')} only`,
      );
      facts.add({ verified, block: number });
    }
  }
  return {
    found: facts,
    sentence: `${facts.transactions.size} valid transactions: each signed by its creator and endorsed by two or more organizations.`,
  };
}
