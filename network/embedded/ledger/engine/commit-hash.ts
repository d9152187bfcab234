import { sha256 } from '../msp/signature.ts';
import { bool, bytes, list, message, nested, string } from '../wire/message.ts';
import type { Version } from '../wire/rwset.ts';
import type { BlockUpdates } from './block-updates.ts';
import { byUtf8 } from './keys.ts';

// As Fabric's peers spell a block's changes (`txmgr/updates.proto`): where a name is that of the entry before, it is left out.
const KeyWrite = message('KVWrite', {
  namespace: string(1),
  collection: string(2),
  key: bytes(3),
  isDelete: bool(4),
  value: bytes(5),
  version: bytes(6),
});
const Updates = message('Updates', { writes: list(nested(1, () => KeyWrite)) });

/**
 * The hash that a peer chains over what every block has done to the channel's public state: its validation codes, the changes
 * of its valid transactions (private ones by their hashes) and the hash before. Peers that agree on it agree on the state.
 */
export function commitHash(before: Buffer, codes: Buffer, updates: BlockUpdates): Buffer {
  return sha256(varint(codes.length), codes, Updates.encode({ writes: writesOf(updates) }), before);
}

function writesOf(updates: BlockUpdates) {
  let last = '';
  return updates.spaces().flatMap(({ namespace, collection, keys }) => {
    const sorted = [...keys].sort(([a], [b]) => byUtf8(a, b));
    return sorted.map(([key, { value, version }], i) => {
      const named = i === 0 && namespace !== last ? { namespace } : {};
      last = namespace;
      return {
        ...named,
        ...(i === 0 && collection !== undefined ? { collection } : {}),
        key: Buffer.from(key, collection === undefined ? 'utf8' : 'hex'),
        isDelete: value === undefined,
        value,
        version: heightOf(version),
      };
    });
  });
}

/** Both numbers, each as its size in bytes and its bytes without leading zeros. */
const heightOf = ({ blockNumber, txNumber }: Version): Buffer =>
  Buffer.concat([ordered(blockNumber), ordered(txNumber)]);

function ordered(number: number): Buffer {
  const hex = number === 0 ? '' : number.toString(16);
  const digits = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([digits.length]), digits]);
}

function varint(value: number): Buffer {
  const octets: number[] = [];
  let rest = value;
  for (; rest >= 128; rest >>>= 7) octets.push((rest & 127) | 128);
  return Buffer.from([...octets, rest]);
}
