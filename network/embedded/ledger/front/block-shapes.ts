import type { LedgerBlock } from '../engine/block.ts';
import { Block } from '../wire/envelope.ts';
import { DeliverResponse } from '../wire/gateway.ts';
import type { Shape } from './deliver.ts';

const NOTHING = Buffer.alloc(0);

/** `protos.Deliver/Deliver`. */
export const fullBlock: Shape = ({ bytes }) => DeliverResponse.encode({ block: Block.decode(bytes) });

/** `orderer.AtomicBroadcast/Deliver`: as it was ordered, without what peers found out about its transactions. */
export const ordererBlock: Shape = ({ bytes }) => {
  const { header, data, metadata } = Block.decode(bytes);
  const [signatures = NOTHING, lastConfig = NOTHING] = metadata?.metadata ?? [];
  const ordered = { metadata: [signatures, lastConfig, NOTHING, NOTHING, NOTHING] };
  return DeliverResponse.encode({ block: { header, data, metadata: ordered } });
};

/** `protos.Deliver/DeliverFiltered`: ids, types, codes, and events without what they carry. */
export const filteredBlock: Shape = (block, ledger) =>
  DeliverResponse.encode({
    filteredBlock: {
      channelId: ledger.config.channelId,
      number: block.header.number,
      transactions: block.transactions.map((_, i) => filtered(block, i)),
    },
  });

function filtered({ transactions, codes }: LedgerBlock, i: number) {
  const { header, endorsed } = transactions[i]!;
  const event = endorsed?.event;
  const chaincodeActions = event === undefined ? [] : [{ chaincodeEvent: { ...event, payload: '' } }];
  const actions = endorsed === undefined ? undefined : { chaincodeActions };
  return { txId: header.txId, type: header.type, validationCode: codes[i]!, actions };
}

/**
 * `protos.Deliver/DeliverWithPrivateData`: the block and the plaintext that this organization holds of it, collections for members only
 * to members only.
 */
export const withPrivateData =
  (mspId: string): Shape =>
  ({ bytes, header }, ledger, reader) => {
    const held = ledger.privateData.shownTo(reader, mspId, header.number);
    const privateData = held.map(({ txNumber, plaintext }) => ({ key: txNumber, value: plaintext }));
    return DeliverResponse.encode({ blockAndPrivateData: { block: Block.decode(bytes), privateData } });
  };
