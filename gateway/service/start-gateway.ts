/** The composition root: the only place that chooses what the gateway is made of. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault } from '@d-cloud/network/ledger';
import { ChannelTrust } from '@d-cloud/network/peers';
import { type Logger, pino } from 'pino';
import { keyedHash, openApiKeyStore } from '../auth/index.ts';
import { openBytePowers } from '../byte-powers.ts';
import { neverBack } from '../clock.ts';
import type { GatewayConfig } from '../config.ts';
import type { Projected } from '../fabric-ledger.ts';
import { gatewayMetrics, listen, openRequestStore, restApplication } from '../http/index.ts';
import { openApiDocument } from '../http/openapi.ts';
import { openProjection, type Projection } from '../projection/index.ts';
import { routes } from '../routes/index.ts';
import type { Clock, Foundation, Probe, Services } from '../services.ts';
import { announceOrganization } from './announce-organization.ts';
import { noting, readTrust } from './keep-trust.ts';
import { type Channel, type OpenChannel, openFabricChannel } from './open-channel.ts';

export type GatewayOptions = {
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly random?: (sizeBytes: number) => Uint8Array;
  /** The Fabric network of the configuration where it is left out. */
  readonly openChannel?: OpenChannel;
  readonly openBytes?: typeof openBytePowers;
  /** Holds every reply against its route's schema: for tests. */
  readonly checkReplies?: boolean;
};

export type Gateway = AsyncDisposable & {
  /** `http://127.0.0.1:port`. */
  readonly rest: string;
  /** `https://host:port`, where other organizations reach this one. */
  readonly peer: string | undefined;
  readonly services: Services;
};

/**
 * Starts one organization's gateway; resolves when it serves. Disposing stops accepting, finishes what is in flight, and closes
 * everything in the reverse order of its opening. Fault `misconfigured` names what is missing.
 */
export async function startGateway(config: GatewayConfig, options: GatewayOptions = {}): Promise<Gateway> {
  const { log = pino({ level: 'silent' }), clock = neverBack(), random = randomBytes } = options;
  const { openChannel = openFabricChannel, openBytes = openBytePowers, checkReplies = false } = options;
  await using opening = new AsyncDisposableStack();
  mkdirSync(config.data, { recursive: true, mode: 0o700 });
  const hash = keyedHash(readSecret(config.organizationSecret));
  const keys = opening.use(openApiKeyStore(join(config.data, 'api-keys.sqlite'), { keyedHash: hash, random, clock }));
  const requests = opening.use(openRequestStore(join(config.data, 'requests.sqlite'), clock));

  // The ledger tells of writes only when the read model shows them, and the read model asks the ledger for cards.
  const late: { projection?: Projection } = {};
  const projected: Projected = (block, signal) =>
    late.projection?.waitFor(block, signal === undefined ? {} : { signal }) ?? Promise.resolve();
  const channel = opening.use(openChannel(config, projected));
  const { ledger, fabric } = channel;
  const trust = new ChannelTrust();
  opening.use(await readTrust(channel, trust, log));
  const projection = opening.use(
    openProjection({
      file: join(config.data, 'index.sqlite'),
      organization: config.organization.mspId,
      blocks: (request) => noting(channel.blocks(request), trust),
      height: channel.height,
      card: (dataset, signal) => ledger.evaluate('dataset:getCard', { id: dataset }, { signal }),
      log: log.child({ part: 'projection' }),
    }),
  );
  late.projection = projection;

  const metrics = gatewayMetrics(() => projection.block);
  const foundation: Foundation = {
    config,
    organization: config.organization.mspId,
    clock,
    random,
    log,
    metrics,
    ledger,
    fabric,
    readModel: projection,
    trust,
    keyedHash: hash,
  };
  const bytes = opening.use(await openBytes(foundation));
  const document = openApiDocument(routes);
  const services: Services = {
    ...foundation,
    ...bytes.powers,
    probes: [ledgerProbe(channel), readModelProbe(projection), ...bytes.probes],
    document: () => document,
  };

  const stopping = new AbortController();
  const app = restApplication({ services, routes, keys, requests, metrics, stopping: stopping.signal, checkReplies });
  const { host, port, tls } = config.rest;
  const listener = opening.use(
    await listen(app, {
      host,
      port,
      ...(tls !== undefined && {
        tls: { certificate: readFileSync(tls.certificate, 'utf8'), key: readFileSync(tls.key, 'utf8') },
      }),
    }),
  );
  opening.defer(() => stopping.abort());
  opening.use(announceOrganization(foundation, bytes));

  const opened = opening.move();
  return {
    rest: listener.address,
    peer: bytes.peerAddress,
    services,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function readSecret(file: string): Uint8Array {
  let secret: Uint8Array;
  try {
    secret = readFileSync(file);
  } catch (cause) {
    throw new Fault('misconfigured', `the organization secret ${file} cannot be read`, { cause });
  }
  if (secret.length < 32) throw new Fault('misconfigured', `the organization secret ${file} needs at least 32 bytes`);
  return secret;
}

function ledgerProbe({ height }: Channel): Probe {
  return { name: 'ledger', probe: async (signal) => void (await height(signal)) };
}

function readModelProbe(projection: Projection): Probe {
  return {
    name: 'read model',
    async probe() {
      const { following, trouble } = projection.health;
      if (!following) throw new Fault('unavailable', trouble ?? 'not following the channel yet');
    },
  };
}
