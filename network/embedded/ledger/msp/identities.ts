import { X509Certificate } from 'node:crypto';
import { SerializedIdentity } from '../wire/envelope.ts';
import { type Identity, signed } from './identity.ts';
import type { Organization } from './organization.ts';

/** Bounds the memory that strangers' certificates can take. */
const MAX_KNOWN = 10_000;

/** Reads serialized identities; each certificate is parsed and judged once, which costs fifty times a look-up. */
export class Identities {
  readonly #organizations: ReadonlyMap<string, Organization>;
  readonly #known = new Map<string, Identity | undefined>();

  constructor(organizations: Iterable<Organization>) {
    this.#organizations = new Map([...organizations].map((organization) => [organization.mspId, organization]));
  }

  /** The identity, perhaps with a `problem`; `undefined` where no organization of the channel knows it at all. */
  read(serialized: Buffer): Identity | undefined {
    const id = serialized.toString('latin1');
    if (this.#known.has(id)) return this.#known.get(id);
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    const identity = this.#parse(serialized);
    this.#known.set(id, identity);
    return identity;
  }

  /** The identity if it is sound and signed these bytes. */
  signer(serialized: Buffer, bytes: Uint8Array, signature: Uint8Array): Identity | undefined {
    const identity = this.read(serialized);
    if (identity === undefined || identity.problem !== undefined) return undefined;
    return signed(identity, bytes, signature) ? identity : undefined;
  }

  #parse(serialized: Buffer): Identity | undefined {
    let mspId: string;
    let certificate: X509Certificate;
    try {
      const decoded = SerializedIdentity.decode(serialized);
      mspId = decoded.mspId;
      certificate = new X509Certificate(decoded.certificate);
    } catch {
      return undefined;
    }
    const judgement = this.#organizations.get(mspId)?.judge(certificate);
    if (judgement === undefined || judgement.problem === 'foreign') return undefined;
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
    const p256 = asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1';
    return {
      mspId,
      roles: judgement.roles,
      units: judgement.units,
      serialized: Buffer.from(serialized),
      problem: judgement.problem ?? (p256 ? undefined : 'key'),
      notAfter: Date.parse(certificate.validTo),
      key: certificate.publicKey,
    };
  }
}
