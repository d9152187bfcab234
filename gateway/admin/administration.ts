/** Everything that an organization's admin does beyond its own data: one object per gateway, where its configuration names what administers. */
import { join } from 'node:path';
import type { MspId } from '@d-cloud/chaincode/domain';
import type { GatewayConfig } from '../config.ts';
import type { Foundation } from '../services.ts';
import { CertificateWatch } from './certificate-watch.ts';
import { Certificates } from './certificates.ts';
import { Chaincodes } from './chaincodes.ts';
import { ChangeStore } from './change-store.ts';
import { Changes } from './changes.ts';
import { Channels } from './channels.ts';
import { FabricAccess } from './consortium-access.ts';
import { DefinitionRenewal } from './definition-renewal.ts';
import { DefinitionStore } from './definition-store.ts';
import { Organizations } from './organizations.ts';
import type { OtherGateways } from './other-gateways.ts';
import { Removal } from './removal.ts';

export type Administration = Disposable & {
  readonly organization: MspId;
  /** The channel that the gateway itself works on. */
  readonly channel: string;
  readonly changes: Changes;
  readonly channels: Channels;
  readonly chaincodes: Chaincodes;
  readonly certificates: Certificates;
  readonly organizations: Organizations;
  readonly removal: Removal;
};

/** Opens administration with the files that the configuration names. Fault or errno where one is missing. */
export function openAdministration(
  { organization, config, clock, log }: Pick<Foundation, 'organization' | 'config' | 'clock' | 'log'>,
  admin: NonNullable<GatewayConfig['admin']>,
  others: OtherGateways,
): Administration {
  using opening = new DisposableStack();
  const access = opening.use(new FabricAccess(organization, admin));
  const file = join(config.data, 'administration.sqlite');
  const store = opening.use(new ChangeStore(file));
  const definitions = opening.use(new DefinitionStore(file));
  const { fabricVersion } = admin;
  const changes = new Changes({ organization, access, store, others, fabricVersion, clock, log });
  const channels = new Channels(access, changes);
  const chaincodes = new Chaincodes({ organization, access, store: definitions, others, clock });
  const certificates = new Certificates({ organization, config, access, changes, clock });
  opening.use(new CertificateWatch(certificates, log.child({ part: 'certificates' }))).start();
  const organizations = new Organizations(access, config, others);
  const definitionRenewal = new DefinitionRenewal({ organization, access, chaincodes });
  const { channel } = config;
  const removal = new Removal({ organization, channel, access, changes, definitions: definitionRenewal });
  const opened = opening.move();
  return {
    organization,
    channel,
    changes,
    channels,
    chaincodes,
    certificates,
    organizations,
    removal,
    [Symbol.dispose]: () => opened.dispose(),
  };
}
