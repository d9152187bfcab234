import { X509Certificate } from 'node:crypto';
import { type Ledger, type LedgerBlock, validationCodes } from '../ledger/index.ts';
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

interface ListedRoot extends Known {
  readonly fingerprint: string;
  readonly pem: string;
}

/**
 * Who counts as whom between organizations: the TLS roots and revocations of the channel's configuration in force. Nobody is
 * trusted until a configuration was read; a newer one replaces all of it at once, an older one changes nothing.
 *
 * Every organization writes its own MSP and may list another's root there. It must not be taken for that one, nor cut it off: a root
 * belongs to whoever listed it first, for as long as that one lists it. All who follow the channel's configurations agree on that; who
 * starts anew reads {@link configurationsToStartWith}.
 */
export class ChannelTrust {
  #sequence = -1;
  #roots: ReadonlyMap<string, string> = new Map();
  #known: ReadonlyMap<string, ListedRoot> = new Map();
  readonly #told = new Set<() => void>();

  /** Sequence of the configuration in force, -1 before the first. */
  get sequence(): number {
    return this.#sequence;
  }

  /** TLS roots by MSP id, PEM, several one after the other; organizations without one are left out. */
  get roots(): ReadonlyMap<string, string> {
    return this.#roots;
  }

  /**
   * Takes a configuration over where it is newer than the one in force, and says whether it did. With all those before it, oldest first,
   * it is also taken over again: they tell whose a root is that was disputed when it was read alone.
   */
  adopt(configuration: TrustedConfig, before: readonly TrustedConfig[] = []): boolean {
    const { sequence } = configuration;
    if (sequence < this.#sequence || (sequence === this.#sequence && before.length === 0)) return false;
    let known = before.length === 0 ? this.#known : new Map<string, ListedRoot>();
    for (const { applicationMsps } of [...before, configuration]) known = attributed(applicationMsps, known);
    this.#sequence = sequence;
    this.#known = known;
    const byOrganization = Map.groupBy(known.values(), ({ organization }) => organization);
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

/** Whose each root is, by fingerprint: of who had it before; of nobody where several claim a root at once that was nobody's. */
function attributed(
  msps: TrustedConfig['applicationMsps'],
  before: ReadonlyMap<string, ListedRoot>,
): ReadonlyMap<string, ListedRoot> {
  const claims = Map.groupBy([...msps.values()].flatMap(listedRoots), ({ fingerprint }) => fingerprint);
  const owners = [...claims].flatMap(([fingerprint, claimed]): [string, ListedRoot][] => {
    const former = before.get(fingerprint)?.organization;
    const owner =
      claimed.find(({ organization }) => organization === former) ?? (isDisputed(claimed) ? undefined : claimed[0]);
    return owner === undefined ? [] : [[fingerprint, owner]];
  });
  return new Map(owners);
}

const isDisputed = (claimed: readonly ListedRoot[]) =>
  new Set(claimed.map(({ organization }) => organization)).size > 1;

/** The configuration in force at the own peer, and all before it, oldest first, where they are needed to tell whose a root is. */
export async function configurationsToStartWith(
  ledger: Pick<Ledger, 'configBlock' | 'configBlocks'>,
  signal: AbortSignal,
): Promise<{ readonly inForce: TrustedConfig; readonly before: readonly TrustedConfig[] }> {
  const inForce = readChannelConfig(await ledger.configBlock({ signal }));
  const listed = [...inForce.applicationMsps.values()].flatMap(listedRoots);
  const claims = Map.groupBy(listed, ({ fingerprint }) => fingerprint);
  if (![...claims.values()].some(isDisputed)) return { inForce, before: [] };
  const all = (await ledger.configBlocks('newest', { signal })).map(readChannelConfig);
  return { inForce: all.at(-1)!, before: all.slice(0, -1) };
}

/** An MSP's TLS roots; none where it holds what cannot be read, so that one organization's oddity stops nobody else. */
function listedRoots(msp: MspInConfig): ListedRoot[] {
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
