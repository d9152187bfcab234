/** An organization's certificates: when they end, new ones, and the end of one before its time. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { MspId } from '@d-cloud/chaincode/domain';
import {
  type AuthorityKind,
  type CertificateExpiry,
  type ConfigEdit,
  changeAuthority,
  consentersOf,
  type EnrolRequest,
  enrol,
  expiryOf,
  formerAuthorities,
  type Identity,
  listExpiry,
  listIdentities,
  nextAuthority,
  type Organization,
  openIdentity,
  openOrganization,
  organizationalUnits,
  readChannelConfig,
  renew,
  revoke,
  revokedSerialNumbers,
  type SignedList,
} from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import type { MspInConfig } from '@d-cloud/network/ledger/verify';
import type { GatewayConfig } from '../config.ts';
import type { Clock } from '../services.ts';
import type { ChangeView } from './change-view.ts';
import type { Changes } from './changes.ts';
import type { FabricAccess } from './consortium-access.ts';

export type CertificatesPowers = {
  readonly organization: MspId;
  readonly config: GatewayConfig;
  readonly access: FabricAccess;
  readonly changes: Changes;
  readonly clock: Clock;
};

export type IdentityWish = Pick<EnrolRequest, 'name' | 'role' | 'attributes' | 'hosts' | 'days'>;

export class Certificates {
  readonly #powers: CertificatesPowers;

  constructor(powers: CertificatesPowers) {
    this.#powers = powers;
  }

  /** Every certificate that this organization depends on, the one that ends first in front: its own, and the authorities and orderers of the channel. */
  async list(): Promise<CertificateExpiry[]> {
    const { config, access, clock } = this.#powers;
    const now = clock.now();
    const directory = config.admin?.organizationDirectory;
    const own =
      directory === undefined ? this.#configured(now) : await listExpiry(await openOrganization(directory), now);
    const configBlock = await access.configBlock(config.channel).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
    });
    const known = new Set(own.map(({ fingerprint }) => fingerprint));
    const ofChannel = configBlock === undefined ? [] : channelCertificates(configBlock, now);
    const all = [...own, ...ofChannel.filter(({ fingerprint }) => !known.has(fingerprint))];
    return all.sort((a, b) => a.notAfter.getTime() - b.notAfter.getTime());
  }

  /** Issues a signing and a TLS certificate with fresh keys, which stay in the organization's directory. */
  async issue(wish: IdentityWish): Promise<Identity> {
    const organization = await this.#organization();
    const taken = (await listIdentities(organization)).includes(wish.name);
    if (taken)
      throw new Fault('misconfigured', `there is an identity ${wish.name} already: renew it, or choose another name`);
    return enrol(organization, wish, this.#powers.clock.now());
  }

  /** Issues both certificates of an identity again for the same keys: nobody else has to change anything. */
  async renew(name: string, days?: number): Promise<Identity> {
    return renew(await this.#organization(), name, this.#powers.clock.now(), days);
  }

  /**
   * Ends an identity: the organization's revocation lists go into the configuration of every channel that it is in, which its own admin
   * alone may change, and bind everybody from that block on. Refused for the last admin, and for the one that this gateway signs with.
   */
  async revoke(name: string, signal?: AbortSignal): Promise<ChangeView[]> {
    const { organization: mspId, clock } = this.#powers;
    const organization = await this.#organization();
    await this.#refuseLastAdmin(organization, name);
    const lists = await revoke(organization, [name], clock.now());
    return this.#carry((msp) => setLists(msp, lists), `${name} of ${mspId} is revoked`, signal);
  }

  /** First step to another authority: it is made, and the channels take its certificates beside those of the one in use. */
  async announceAuthority(kind: AuthorityKind, signal?: AbortSignal): Promise<ChangeView[]> {
    const organization = await this.#organization();
    const { mspId } = organization;
    const { certificate } = await nextAuthority(organization, kind, this.#powers.clock.now());
    const announced = (msp: MspInConfig): ConfigEdit | undefined =>
      rootsOf(msp, kind).includes(certificate) ? undefined : { kind: 'add-roots', mspId, ...root(kind, certificate) };
    return this.#carry(announced, `${mspId} announces its next ${kind} authority`, signal);
  }

  /** Second step: all own certificates are issued again under it, for the same keys. The programs are started again afterwards. */
  async changeAuthority(kind: AuthorityKind): Promise<{ readonly certificate: string }> {
    const organization = await this.#organization();
    const now = this.#powers.clock.now();
    const { certificate } = await nextAuthority(organization, kind, now);
    const unaware = [...(await this.#ownMsps())].filter(([, msp]) => !rootsOf(msp, kind).includes(certificate));
    if (unaware.length > 0) {
      const channels = unaware.map(([channel]) => channel).join(' and ');
      throw new Fault(
        'misconfigured',
        `${channels} does not know the next ${kind} authority of ${organization.mspId} yet: announce it first`,
      );
    }
    await changeAuthority(organization, kind, now);
    return { certificate };
  }

  /** Last step: the channels forget an authority that the organization had before, and with it everything that it issued. */
  async retireAuthority(kind: AuthorityKind, signal?: AbortSignal): Promise<ChangeView[]> {
    const { access, clock } = this.#powers;
    const organization = await this.#organization();
    const { mspId } = organization;
    const inForce = [...(await this.#ownMsps()).values()].flatMap((msp) => rootsOf(msp, kind));
    const former = (await formerAuthorities(organization, kind)).find((one) => inForce.includes(one));
    if (former === undefined) {
      throw new Fault('misconfigured', `the channel knows no former ${kind} authority of ${mspId}`);
    }
    const issuer = new X509Certificate(former);
    if (kind === 'signing' && new X509Certificate(access.admin.certificate).verify(issuer.publicKey)) {
      throw new Fault(
        'misconfigured',
        'this gateway still signs with a certificate of the former authority: start it, the peers and the orderer again first',
      );
    }
    const known = (msp: MspInConfig) => rootsOf(msp, kind).includes(former);
    // The former authority's list goes with it, and TLS certificates that it names are not all gone: the next one's list comes first.
    const needsLists = kind === 'signing' && (await revokedSerialNumbers(organization)).size > 0;
    const lists = needsLists ? await revoke(organization, [], clock.now()) : [];
    const listed = await this.#carry(
      (msp) => (known(msp) ? setLists(msp, lists) : undefined),
      `${mspId} signs its revocations under its ${kind} authority`,
      signal,
    );
    const retired = await this.#carry(
      (msp) => (known(msp) ? { kind: 'remove-roots', mspId, ...root(kind, former) } : undefined),
      `${mspId} retires a former ${kind} authority`,
      signal,
    );
    return [...listed, ...retired];
  }

  /** The own MSP in every channel that the own peer keeps, the gateway's channel first. */
  async #ownMsps(): Promise<ReadonlyMap<string, MspInConfig>> {
    const { access, config, organization } = this.#powers;
    const channels = [...new Set([config.channel, ...(await access.channels())])];
    const msps = await Promise.all(
      channels.map(async (channel) => {
        const { applicationMsps } = readChannelConfig(await access.configBlock(channel));
        return [channel, applicationMsps.get(organization)] as const;
      }),
    );
    return new Map(msps.flatMap(([channel, msp]) => (msp === undefined ? [] : [[channel, msp]])));
  }

  /**
   * What concerns the own organization alone needs no other's signature. Every channel gets the change that it is to have; when some
   * cannot take it, the others have it all the same, and the error names both.
   */
  async #carry(
    editFor: (msp: MspInConfig) => ConfigEdit | undefined,
    summary: string,
    signal?: AbortSignal,
  ): Promise<ChangeView[]> {
    const { changes } = this.#powers;
    const carried: ChangeView[] = [];
    const missed: { readonly channel: string; readonly cause: unknown }[] = [];
    for (const [channel, msp] of await this.#ownMsps()) {
      const edit = editFor(msp);
      if (edit === undefined) continue;
      try {
        const { id } = await changes.propose(channel, edit, summary);
        await changes.sign(id);
        carried.push(await changes.submit(id, signal));
      } catch (cause) {
        missed.push({ channel, cause });
      }
    }
    const [first] = missed;
    if (first === undefined) return carried;
    if (carried.length === 0 && missed.length === 1) throw first.cause;
    const where = (channels: readonly string[]) => channels.join(', ') || 'no channel';
    const reasons = missed.map(
      ({ channel, cause }) => `${channel} (${cause instanceof Error ? cause.message : cause})`,
    );
    throw new Fault(
      first.cause instanceof Fault ? first.cause.kind : 'unavailable',
      `${summary} in ${where(carried.map(({ channel }) => channel))}, but not in ${where(reasons)}: do it again`,
      { cause: first.cause },
    );
  }

  async #refuseLastAdmin(organization: Organization, name: string): Promise<void> {
    const { access, clock } = this.#powers;
    const meant = new X509Certificate((await openIdentity(organization, name)).signer.certificate);
    if (!organizationalUnits(meant).includes('admin')) return;
    if (meant.publicKey.equals(new X509Certificate(access.admin.certificate).publicKey)) {
      throw new Fault(
        'misconfigured',
        `${name} is the admin that this gateway signs with: issue another admin, name it in the gateway's configuration, and revoke this one then`,
      );
    }
    const revoked = await revokedSerialNumbers(organization);
    const identities = await Promise.all(
      (await listIdentities(organization)).map((one) => openIdentity(organization, one)),
    );
    const left = identities.filter(({ name: other, signer }) => {
      const certificate = new X509Certificate(signer.certificate);
      const valid = Date.parse(certificate.validTo) > clock.now().getTime();
      const stands = valid && !revoked.has(certificate.serialNumber.toLowerCase());
      return other !== name && stands && organizationalUnits(certificate).includes('admin');
    });
    if (left.length === 0)
      throw new Fault('misconfigured', `${name} is the last admin of ${organization.mspId}: issue another one first`);
  }

  async #organization(): Promise<Organization> {
    const directory = this.#powers.config.admin?.organizationDirectory;
    if (directory !== undefined) return openOrganization(directory);
    throw new Fault(
      'misconfigured',
      "the organization's authority is not on this machine (admin.organizationDirectory): do this where its keys lie",
    );
  }

  /** Without the organization's directory: the certificates that this gateway itself is told of. */
  #configured(now: Date): CertificateExpiry[] {
    const { config, organization } = this.#powers;
    const { admin, ledger, peer } = config;
    const files: [string, string][] = [
      ...Object.entries(ledger.identities).flatMap(([role, pair]): [string, string][] =>
        pair === undefined ? [] : [[role, pair.certificate]],
      ),
      ['gateway (TLS)', peer.tls.certificate],
      ...(admin === undefined
        ? []
        : ([
            ['admin', admin.identity.certificate],
            ['admin (TLS)', admin.tls.certificate],
          ] as [string, string][])),
    ];
    return [...new Map(files.map(([holder, file]) => [file, holder]))].map(([file, holder]) =>
      expiryOf(readFileSync(file, 'utf8'), { organization, holder, path: file }, now),
    );
  }
}

const root = (kind: AuthorityKind, certificate: string) =>
  kind === 'tls' ? { tlsRootCertificate: certificate } : { rootCertificate: certificate };

const rootsOf = ({ rootCertificates, tlsRootCertificates }: MspInConfig, kind: AuthorityKind) =>
  kind === 'tls' ? tlsRootCertificates : rootCertificates;

/** The lists of the authorities that the MSP has; none where it has none of them, and so nothing of theirs counts. */
function setLists({ mspId, rootCertificates }: MspInConfig, signed: readonly SignedList[]): ConfigEdit | undefined {
  const lists = signed.filter(({ authority }) => rootCertificates.includes(authority)).map(({ list }) => list);
  return lists.length === 0 ? undefined : { kind: 'set-revocation-list', mspId, lists };
}

/** The authorities of every member and the orderers' TLS certificates, as the channel's configuration has them. */
function channelCertificates(configBlock: Uint8Array, now: Date): CertificateExpiry[] {
  const { channel, group, applicationMsps, ordererMsps } = readChannelConfig(configBlock);
  const msps = new Map([...ordererMsps, ...applicationMsps]);
  const authorities = [...msps].flatMap(([organization, { rootCertificates, tlsRootCertificates }]) => [
    ...rootCertificates.map((pem) => expiryOf(pem, { organization, holder: 'authority', path: channel }, now)),
    ...tlsRootCertificates.map((pem) => expiryOf(pem, { organization, holder: 'authority (TLS)', path: channel }, now)),
  ]);
  const orderers = (consentersOf(group) ?? []).map(({ address, tlsCertificate }) => {
    const { issuer } = new X509Certificate(tlsCertificate);
    const whose = [...msps].find(([, msp]) =>
      msp.tlsRootCertificates.some((root) => new X509Certificate(root).subject === issuer),
    );
    return expiryOf(
      tlsCertificate,
      { organization: whose?.[0] ?? '', holder: `orderer ${address} (TLS)`, path: channel },
      now,
    );
  });
  return [...authorities, ...orderers];
}
