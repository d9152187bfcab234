/** Everything that an organization's admin does beyond its own data: one object per gateway, where its configuration names what administers. */
import { join } from 'node:path';
import type { MspId } from '@d-cloud/chaincode/domain';
import type { GatewayConfig } from '../config.ts';
import type { Foundation } from '../services.ts';
import { ChangeStore } from './change-store.ts';
import { Changes } from './changes.ts';
import { Channels } from './channels.ts';
import { FabricAccess } from './consortium-access.ts';
import type { OtherGateways } from './other-gateways.ts';

export type Administration = Disposable & {
  readonly organization: MspId;
  /** The channel that the gateway itself works on. */
  readonly channel: string;
  readonly changes: Changes;
  readonly channels: Channels;
};

/** Opens administration with the files that the configuration names. Fault or errno where one is missing. */
export function openAdministration(
  { organization, config, clock, log }: Pick<Foundation, 'organization' | 'config' | 'clock' | 'log'>,
  admin: NonNullable<GatewayConfig['admin']>,
  others: OtherGateways,
): Administration {
  using opening = new DisposableStack();
  const access = opening.use(new FabricAccess(organization, admin));
  const store = opening.use(new ChangeStore(join(config.data, 'administration.sqlite')));
  const { fabricVersion } = admin;
  const changes = new Changes({ organization, access, store, others, fabricVersion, clock, log });
  const channels = new Channels(access, changes);
  const opened = opening.move();
  return { organization, channel: config.channel, changes, channels, [Symbol.dispose]: () => opened.dispose() };
}
