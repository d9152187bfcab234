/**
 * Ids are `<kind>_<26 base32 characters>` of 128 random bits (RFC 4648 lower case, no padding), minted by gateways.
 * The chaincode only checks their form.
 */
export type IdKind = 'dset' | 'vers' | 'grnt' | 'modl' | 'job' | 'stor' | 'comp' | 'accs' | 'audt' | 'eras' | 'chng';
export type Id<K extends IdKind> = string & { readonly idKind: K };

export type DatasetId = Id<'dset'>;
export type VersionId = Id<'vers'>;
export type GrantId = Id<'grnt'>;
export type ModelId = Id<'modl'>;
export type JobId = Id<'job'>;
export type StorageNodeId = Id<'stor'>;
export type ComputeNodeId = Id<'comp'>;
export type AccessId = Id<'accs'>;
export type AuditId = Id<'audt'>;
export type ErasureId = Id<'eras'>;
/** A change of a channel's configuration that organizations sign. Its bits are a digest of what is signed: nobody mints it. */
export type ChangeId = Id<'chng'>;
/** A Fabric membership service provider's id, such as `AlderMSP`. */
export type MspId = string & { readonly mspId: true };

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** Writes 16 random bytes as an id of the given kind. */
export function idFrom<K extends IdKind>(kind: K, random: Uint8Array): Id<K> {
  if (random.length !== 16) throw new RangeError(`an id needs 16 random bytes, got ${random.length}`);
  let bits = 0n;
  for (const byte of random) bits = (bits << 8n) | BigInt(byte);
  bits <<= 2n;
  let text = '';
  for (let at = 25; at >= 0; at--) text += alphabet[Number((bits >> BigInt(at * 5)) & 31n)];
  return `${kind}_${text}` as Id<K>;
}

/** Says whether a text is a well-formed id of the kind. The last character carries three bits only. */
export function isId<K extends IdKind>(kind: K, text: unknown): text is Id<K> {
  return (
    typeof text === 'string' &&
    text.startsWith(`${kind}_`) &&
    /^[a-z2-7]{25}[aeimquy4]$/.test(text.slice(kind.length + 1))
  );
}

/** Fabric's own bounds for an MSP id, minus what our keys do not carry. */
export function isMspId(text: unknown): text is MspId {
  return typeof text === 'string' && /^[A-Za-z0-9][A-Za-z0-9.-]{0,63}$/.test(text);
}
