import { canonicalBytes } from './canonical-json.ts';
import { Refusal } from './refusal.ts';

/** The newest shape that this code knows. A record of an older one is upcast here when it is read; none is older yet. */
const newest = 1;

/** The one byte form of a record. */
export function encodeRecord(record: { readonly v: number }): Uint8Array {
  return canonicalBytes(record);
}

/** Reads a record that this chaincode wrote. Refuses with RECORD_TOO_NEW what a newer chaincode wrote. */
export function decodeRecord<R>(bytes: Uint8Array): R {
  const record = JSON.parse(new TextDecoder().decode(bytes)) as { v: unknown };
  if (record.v !== newest)
    throw new Refusal('RECORD_TOO_NEW', `a record of shape ${record.v} is newer than shape ${newest}`);
  return record as R;
}
