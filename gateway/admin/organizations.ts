/** Who is in a channel, and what an organization shows of itself to be taken in. */
import type { MspId } from '@d-cloud/chaincode/domain';
import { type MspRoots, mspRoots, openOrganization, readChannelConfig } from '@d-cloud/network/admin';
import { Fault } from '@d-cloud/network/ledger';
import type { GatewayConfig } from '../config.ts';
import { addressesIn, type FabricAccess } from './consortium-access.ts';
import type { OtherGateways } from './other-gateways.ts';

/** A member of a channel as its configuration has it. */
export type MemberState = {
  readonly mspId: string;
  /** Its peers endorse and its callers write. */
  readonly application: boolean;
  /** Its orderers may order. */
  readonly ordering: boolean;
  readonly anchorPeers: readonly string[];
  readonly ordererEndpoints: readonly string[];
  /** Authorities that vouch for its members; two while it changes from one to the other. */
  readonly roots: number;
  readonly revocationLists: number;
  /** own: this gateway. answers, away: whether its gateway did. unknown: no gateway of it stands on the ledger. */
  readonly gateway: 'own' | 'answers' | 'away' | 'unknown';
  /** What its gateway says that its peers run. */
  readonly fabricVersion?: string;
};

/** What others need of an organization to take it in: nothing in it is secret. It is the content of an add-organization edit. */
export type OrganizationBundle = {
  readonly mspId: MspId;
  readonly roots: MspRoots;
  readonly anchorPeers: readonly string[];
  readonly ordererEndpoints: readonly string[];
};

export class Organizations {
  readonly #access: FabricAccess;
  readonly #config: GatewayConfig;
  readonly #others: OtherGateways;

  constructor(access: FabricAccess, config: GatewayConfig, others: OtherGateways) {
    this.#access = access;
    this.#config = config;
    this.#others = others;
  }

  async list(channel: string): Promise<MemberState[]> {
    const config = readChannelConfig(await this.#access.configBlock(channel));
    const { applicationMsps, ordererMsps } = config;
    const mspIds = [...new Set([...applicationMsps.keys(), ...ordererMsps.keys()])].sort();
    return Promise.all(
      mspIds.map(async (mspId) => {
        const msp = applicationMsps.get(mspId) ?? ordererMsps.get(mspId)!;
        return {
          mspId,
          application: applicationMsps.has(mspId),
          ordering: ordererMsps.has(mspId),
          anchorPeers: addressesIn(config, ['Application', mspId], 'AnchorPeers'),
          ordererEndpoints: addressesIn(config, ['Orderer', mspId], 'Endpoints'),
          roots: msp.rootCertificates.length,
          revocationLists: msp.revocationLists.length,
          ...(await this.#gatewayOf(mspId)),
        };
      }),
    );
  }

  async #gatewayOf(mspId: string): Promise<Pick<MemberState, 'gateway' | 'fabricVersion'>> {
    const { organization, admin } = this.#config;
    if (mspId === organization.mspId) return { gateway: 'own', fabricVersion: admin?.fabricVersion ?? '2.5' };
    const place = this.#others.places().find((one) => one.organization === mspId);
    if (place === undefined) return { gateway: 'unknown' };
    try {
      return { gateway: 'answers', fabricVersion: await this.#others.fabricVersion(place) };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return { gateway: error.retryable ? 'away' : 'answers' };
    }
  }

  /** The own organization, for another consortium or channel to take it in. */
  async describe(): Promise<OrganizationBundle> {
    const { organization, admin, channel } = this.#config;
    const { mspId } = organization;
    const directory = admin?.organizationDirectory;
    const roots =
      directory === undefined ? await this.#rootsIn(channel, mspId) : await mspRoots(await openOrganization(directory));
    return {
      mspId,
      roots,
      anchorPeers: (admin?.peers ?? []).slice(0, 1).map(({ address }) => address),
      ordererEndpoints: admin?.orderer === undefined ? [] : [admin.orderer.address],
    };
  }

  async #rootsIn(channel: string, mspId: MspId): Promise<MspRoots> {
    const msp = readChannelConfig(await this.#access.configBlock(channel)).applicationMsps.get(mspId);
    const [rootCertificate, tlsRootCertificate] = [msp?.rootCertificates.at(-1), msp?.tlsRootCertificates.at(-1)];
    if (msp === undefined || rootCertificate === undefined || tlsRootCertificate === undefined) {
      throw new Fault('misconfigured', `${mspId} has no roots in ${channel}, and its directory is not on this machine`);
    }
    return { rootCertificate, tlsRootCertificate, revocationLists: msp.revocationLists };
  }
}
