import type { LedgerBlock } from '../engine/block.ts';
import type { Ledger } from '../engine/ledger.ts';
import { accessRefusal } from '../msp/access.ts';
import type { Identity } from '../msp/identity.ts';
import { BlockchainInfo } from '../wire/envelope.ts';
import { ChannelQueryResponse } from '../wire/gateway.ts';
import { ProcessedTransaction, type Response } from '../wire/proposal.ts';

/** A refusal of a system chaincode: its text becomes a response with status 500. */
class Refused extends Error {}

/** Answers qscc and cscc, which read the ledger itself; other system chaincodes are not on this ledger. */
export async function systemChaincode(
  ledger: Ledger,
  name: string,
  args: readonly Buffer[],
  channelId: string,
  creator: Identity,
): Promise<Response> {
  try {
    const payload = name === 'qscc' ? await qscc(ledger, args, creator) : cscc(ledger, name, args, channelId, creator);
    return { status: 200, payload: await payload };
  } catch (cause) {
    if (cause instanceof Refused) return { status: 500, message: cause.message };
    throw cause;
  }
}

const qsccFunctions = new Set([
  'GetChainInfo',
  'GetBlockByNumber',
  'GetBlockByHash',
  'GetTransactionByID',
  'GetBlockByTxID',
]);

async function qscc(ledger: Ledger, args: readonly Buffer[], creator: Identity): Promise<Buffer> {
  const name = args[0]?.toString() ?? '';
  if (args.length < 2) throw new Refused(`Incorrect number of arguments, ${args.length}`);
  if (name !== 'GetChainInfo' && args.length < 3) throw new Refused(`missing 3rd argument for ${name}`);
  checkChannel(ledger, args[1]!.toString(), 'qscc', name, creator);
  if (!qsccFunctions.has(name)) {
    throw new Refused(`access denied for [${name}][${args[1]}]: [Unmapped policy for qscc/${name}]`);
  }
  const argument = args[2]?.toString() ?? '';
  switch (name) {
    case 'GetChainInfo':
      return chainInfo(ledger);
    case 'GetBlockByNumber':
      return (await blockByNumber(ledger, argument)).bytes;
    case 'GetBlockByHash':
      return (await blockByHash(ledger, args[2]!)).bytes;
    case 'GetTransactionByID':
      return transactionById(ledger, argument);
    case 'GetBlockByTxID':
      return (await ledger.block(committed(ledger, argument, 'block for txID').blockNumber)).bytes;
    default:
      throw new Refused(`Requested function ${name} not found.`);
  }
}

function checkChannel(ledger: Ledger, channelId: string, chaincode: string, name: string, creator: Identity): void {
  if (channelId !== ledger.config.channelId) throw new Refused(`Invalid chain ID, ${channelId}`);
  const why = accessRefusal(ledger.config, `${chaincode}/${name}`, '/Channel/Application/Readers', creator);
  if (why !== undefined) throw new Refused(`access denied for [${name}][${channelId}]: [${why}]`);
}

async function chainInfo(ledger: Ledger): Promise<Buffer> {
  const { header } = await ledger.block(ledger.height - 1);
  return BlockchainInfo.encode({
    height: ledger.height,
    currentBlockHash: ledger.lastHash,
    previousBlockHash: header.previousHash,
  });
}

async function blockByNumber(ledger: Ledger, argument: string): Promise<LedgerBlock> {
  if (!/^\d{1,20}$/.test(argument)) {
    const why = `strconv.ParseUint: parsing ${JSON.stringify(argument)}: invalid syntax`;
    throw new Refused(`Failed to parse block number with error ${why}`);
  }
  const number = Number(argument);
  if (number < ledger.height) return ledger.block(number);
  throw new Refused(`Failed to get block number ${argument}, error no such block number [${argument}] in index`);
}

/** Walks back from the newest block: hashes are asked for seldom, so no index of them is kept. */
async function blockByHash(ledger: Ledger, hash: Buffer): Promise<LedgerBlock> {
  let following = ledger.lastHash;
  for (let number = ledger.height - 1; number >= 0; number--) {
    const block = await ledger.block(number);
    if (following.equals(hash)) return block;
    following = block.header.previousHash;
  }
  const hex = hash.toString('hex');
  throw new Refused(`Failed to get block hash ${hash}, error no such block hash [${hex}] in index`);
}

function committed(ledger: Ledger, txId: string, what = 'transaction with id') {
  const found = ledger.commits.get(txId);
  if (found !== undefined) return found;
  throw new Refused(`Failed to get ${what} ${txId}, error no such transaction ID [${txId}] in index`);
}

async function transactionById(ledger: Ledger, txId: string): Promise<Buffer> {
  const { blockNumber, txNumber, code } = committed(ledger, txId);
  const { transactions } = await ledger.block(blockNumber);
  return ProcessedTransaction.encode({ transactionEnvelope: transactions[txNumber]!.envelope, validationCode: code });
}

async function cscc(
  ledger: Ledger,
  chaincode: string,
  args: readonly Buffer[],
  channelId: string,
  creator: Identity,
): Promise<Buffer> {
  const name = args[0]?.toString() ?? '';
  if (chaincode !== 'cscc') throw new Refused(`Requested function ${name} of ${chaincode} not found.`);
  switch (name) {
    case 'GetChannels':
      return ChannelQueryResponse.encode({ channels: [{ channelId: ledger.config.channelId }] });
    case 'GetConfigBlock':
      checkChannel(ledger, args[1]?.toString() ?? channelId, 'cscc', name, creator);
      return ledger.configBlock;
    case 'GetChannelConfig':
      if (args[1] === undefined || args[1].length === 0) throw new Refused('empty channel name provided');
      checkChannel(ledger, args[1].toString(), 'cscc', name, creator);
      return ledger.config.config;
    default:
      throw new Refused(`Requested function ${name} not found.`);
  }
}
