import { X509Certificate } from 'node:crypto';
import { type LedgerBlock, validationCodes } from '../ledger/index.ts';
import {
  type ChannelConfig,
  type MspInConfig,
  readChannelConfig,
  revokedSerials,
  serialKey,
} from '../ledger/verify/index.ts';

/** What trust is read from: a channel's configuration, of which only the application's organizations count. */
export type TrustedConfig = Pick<ChannelConfig, 'sequence' | 'applicationMsps'>;

/** A certificate of a verified chain, as far as trust looks at it. */
export interface ChainLink {
  /** SHA-256 of the certificate, as Node writes it. */
  readonly fingerprint: string;
  /** Hex. */
  readonly serialNumber: string;
}

interface Known {
  readonly organization: string;
  /** Serial numbers that the organization's own lists revoke. */
  readonly revoked: ReadonlySet<string>;
}

/**
 * Who counts as whom between organizations: the TLS roots and revocations of the channel's configuration in force. Nobody is
 * trusted until a configuration was read; a newer one replaces all of it at once, an older one changes nothing.
 */
export class ChannelTrust {
  #sequence = -1;
  #roots: ReadonlyMap<string, string> = new Map();
  #known: ReadonlyMap<string, Known> = new Map();
  readonly #told = new Set<() => void>();

  /** Sequence of the configuration in force, -1 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** TLS roots by MSP id, PEM, several one after the other; organizations without one are left out. */
  get roots(): ReadonlyMap<string, string> {
    return this.#roots;
  }

  /** Takes a configuration over where it is newer than the one in force, and says whether it did. */
  adopt({ sequence, applicationMsps }: TrustedConfig): boolean {
    if (sequence <= this.#sequence) return false;
    const listed = [...applicationMsps.values()].flatMap(listedRoots);
    // Every organization writes its own MSP: whoever lists another's root must not be taken for it, nor it for them.
    const undisputed = listed.filter(
      ({ fingerprint }) => listed.filter((other) => other.fingerprint === fingerprint).length === 1,
    );
    this.#sequence = sequence;
    this.#known = new Map(undisputed.map((root) => [root.fingerprint, root]));
    const byOrganization = Map.groupBy(undisputed, ({ organization }) => organization);
    this.#roots = new Map([...byOrganization].map(([mspId, roots]) => [mspId, roots.map(({ pem }) => pem).join('\n')]));
    for (const tell of this.#told) tell();
    return true;
  }

  /** Calls back after every change, until disposed. */
  onChange(tell: () => void): Disposable {
    this.#told.add(tell);
    return { [Symbol.dispose]: () => void this.#told.delete(tell) };
  }

  /**
   * The organization that a TLS-verified chain belongs to, its leaf first; nothing where it ends in no root in force, is a bare
   * root, or has a certificate that the organization revoked.
   */
  organizationOf(chain: readonly ChainLink[]): string | undefined {
    const at = chain.findIndex(({ fingerprint }) => this.#known.has(fingerprint));
    const found = at < 1 ? undefined : this.#known.get(chain[at]!.fingerprint);
    const below = chain.slice(0, Math.max(at, 0));
    if (below.some(({ serialNumber }) => found?.revoked.has(serialKey(serialNumber)))) return undefined;
    return found?.organization;
  }
}

/** The configuration that a block of our own peer puts in force, or nothing: most blocks hold transactions. */
export function configurationIn({ number, transactions, bytes }: LedgerBlock): ChannelConfig | undefined {
  const [only] = transactions;
  if (only?.kind !== 'configuration') return undefined;
  // A genesis block was never validated: it is what its peer was given to begin with.
  return number === 0 || only.validationCode === validationCodes.valid ? readChannelConfig(bytes) : undefined;
}

/** An MSP's TLS roots; none where it holds what cannot be read, so that one organization's oddity stops nobody else. */
function listedRoots(msp: MspInConfig): (Known & { readonly fingerprint: string; readonly pem: string })[] {
  try {
    return msp.tlsRootCertificates.map((pem) => {
      const { fingerprint256, publicKey } = new X509Certificate(pem);
      return { organization: msp.mspId, fingerprint: fingerprint256, pem, revoked: revokedUnder(msp, publicKey) };
    });
  } catch {
    return [];
  }
}

/**
 * What an MSP's lists say of certificates under one of its TLS roots. Fabric takes lists of the signing authorities alone, so an
 * organization names its TLS certificates there; serial numbers are random, and it speaks of its own ones only.
 */
function revokedUnder(
  { revocationLists, rootCertificates, intermediateCertificates }: MspInConfig,
  root: X509Certificate['publicKey'],
): ReadonlySet<string> {
  const signing = [...rootCertificates, ...intermediateCertificates].map((pem) => new X509Certificate(pem).publicKey);
  const serials = new Set<string>();
  for (const list of revocationLists) {
    for (const issuer of [root, ...signing])
      for (const serial of revokedSerials(list, issuer) ?? []) serials.add(serial);
  }
  return serials;
}
