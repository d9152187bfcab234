import { X509Certificate } from 'node:crypto';
import { FabricMspConfig } from '../wire/config.ts';
import type { Role } from '../wire/policy.ts';
import { keyIdOf, revokedSerials } from './revocation.ts';

/** What an organization says of a certificate that bears its name. */
export interface Judgement {
  readonly roles: ReadonlySet<Role>;
  readonly units: readonly string[];
  /** `foreign` certificates cannot even be read as this organization's; the others are read and then not trusted. */
  readonly problem: 'foreign' | 'untrusted' | 'revoked' | 'roles' | undefined;
}

const none: Judgement = { roles: new Set(), units: [], problem: undefined };

/** One organization as the channel's configuration describes it: its certificate authorities, node OUs and revocations. */
export class Organization {
  readonly mspId: string;
  readonly tlsRoots: readonly string[];
  readonly #authorities: readonly X509Certificate[];
  readonly #roots: ReadonlySet<string>;
  readonly #admins: ReadonlySet<string>;
  readonly #units: ReadonlyMap<string, Role> | undefined;
  readonly #revoked: ReadonlySet<string>;
  readonly #config: FabricMspConfig;

  constructor(config: FabricMspConfig) {
    this.mspId = config.name;
    this.#config = config;
    const roots = config.rootCerts.map((pem) => new X509Certificate(pem));
    this.#authorities = [...roots, ...config.intermediateCerts.map((pem) => new X509Certificate(pem))];
    this.#roots = new Set(roots.map((root) => root.fingerprint256));
    this.#admins = new Set(config.admins.map((pem) => new X509Certificate(pem).fingerprint256));
    this.#units = config.nodeOus?.enable === true ? unitsOf(config.nodeOus) : undefined;
    this.#revoked = revokedSerials(config.revocationList);
    this.tlsRoots = [...config.tlsRootCerts, ...config.tlsIntermediateCerts].map((pem) => pem.toString());
  }

  /** Whether another description of this organization says the same: the orderer and application groups repeat it. */
  sameAs(other: Organization): boolean {
    return FabricMspConfig.encode(this.#config).equals(FabricMspConfig.encode(other.#config));
  }

  judge(certificate: X509Certificate): Judgement {
    const chain = this.#chain(certificate);
    // As in Fabric: a leaf without a chain cannot be told to be this organization's at all.
    if (chain === undefined) return { ...none, problem: certificate.ca ? 'untrusted' : 'foreign' };
    if (certificate.ca) return { ...none, problem: 'untrusted' };
    if (this.#isRevoked(chain)) return { ...none, problem: 'revoked' };
    const units = [...certificate.subject.matchAll(/^OU=(.*)$/gm)].map((found) => found[1]!);
    const roles = new Set<Role>(this.#admins.has(certificate.fingerprint256) ? ['admin'] : []);
    if (this.#units === undefined) return { roles, units, problem: undefined };
    const named = units.flatMap((unit) => this.#units?.get(unit) ?? []);
    for (const role of named) roles.add(role);
    return { roles, units, problem: named.length === 1 ? undefined : 'roles' };
  }

  #isRevoked(chain: readonly X509Certificate[]): boolean {
    if (this.#revoked.size === 0) return false;
    return chain.some(({ serialNumber }, place) => {
      const issuer = chain[place + 1];
      return issuer !== undefined && this.#revoked.has(`${keyIdOf(issuer.raw)}/${serialNumber}`);
    });
  }

  /** The certificate and its issuers up to a root; validity periods are left out on purpose, as in Fabric. */
  #chain(certificate: X509Certificate, depth = 0): readonly X509Certificate[] | undefined {
    if (this.#roots.has(certificate.fingerprint256)) return [certificate];
    if (depth > 4) return undefined;
    for (const issuer of this.#authorities) {
      if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) continue;
      const rest = this.#chain(issuer, depth + 1);
      if (rest !== undefined) return [certificate, ...rest];
    }
    return undefined;
  }
}

function unitsOf(ous: NonNullable<FabricMspConfig['nodeOus']>): ReadonlyMap<string, Role> {
  const units = new Map<string, Role>();
  for (const role of ['client', 'peer', 'admin', 'orderer'] as const) {
    const unit = ous[role]?.unit;
    if (unit !== undefined && unit !== '') units.set(unit, role);
  }
  return units;
}
