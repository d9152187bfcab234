/** The powers over bytes, keys and jobs: built from the foundation, disposed before it. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type JobRecord, type OrganizationRecord, readRefusal, type StorageNodeId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { PeerClient } from '@d-cloud/network/peers';
import { type BlockStore, StorageRoutes } from '@d-cloud/network/store';
import { type Administration, openAdministration } from './admin/administration.ts';
import { endingSoon } from './admin/certificate-watch.ts';
import { type GatewayPlace, otherGateways } from './admin/other-gateways.ts';
import { restoredName } from './backup/parts.ts';
import { steadily } from './clock.ts';
import { Custodian } from './custody/custodian.ts';
import { CustodyStore } from './custody/custody-store.ts';
import { nodesFor } from './custody/nodes-for.ts';
import { Eraser } from './erasure/eraser.ts';
import { erasureRoutes } from './erasure/erasure-routes.ts';
import { ErasureStore } from './erasure/erasure-store.ts';
import { buildEvidence, type EvidencePowers } from './evidence/build-pack.ts';
import { Heartbeats } from './jobs/heartbeats.ts';
import { JobCoordinator } from './jobs/job-coordinator.ts';
import { JobStore } from './jobs/job-store.ts';
import { Jobs } from './jobs/jobs.ts';
import { OutputSecrets } from './jobs/output-secrets.ts';
import { resealOutput } from './jobs/reseal-output.ts';
import { KeyKeeper } from './keys/key-keeper.ts';
import { openKeyProtection } from './keys/key-protection.ts';
import { KeyService } from './keys/key-service.ts';
import { KeyStore } from './keys/key-store.ts';
import { organizationKey } from './keys/organization-keys.ts';
import { readRecoveryPublicKey } from './keys/recovery-key.ts';
import { Rotator } from './keys/rotator.ts';
import { SharedSecrets } from './keys/shared-secrets.ts';
import type { OpenedContent } from './open/open-content.ts';
import { type ReadRequest, readVersion } from './open/read-version.ts';
import { aliveNodes } from './peer/alive-nodes.ts';
import { BlockIndex } from './peer/block-index.ts';
import { blockRoutes } from './peer/block-routes.ts';
import { changeRoutes } from './peer/change-routes.ts';
import { rightDecider } from './peer/decide-block-right.ts';
import { jobRoutes } from './peer/job-routes.ts';
import { keyRoutes } from './peer/key-routes.ts';
import { listAll } from './peer/list-all.ts';
import { PeerListener } from './peer/peer-listener.ts';
import { Quotas } from './peer/quotas.ts';
import { readyRoute } from './peer/ready-route.ts';
import { type OwnStorageNode, readPeerCredentials, storageWays } from './peer/storage-ways.ts';
import { whenTrusted } from './peer/when-trusted.ts';
import { whenCaughtUp } from './projection/index.ts';
import { choosePlacement } from './publish/choose-placement.ts';
import { type Failpoint, failpoints } from './publish/failpoint.ts';
import { type Published, type PublishPowers, type PublishRequest, publishVersion } from './publish/publish-version.ts';
import { recoverUploads } from './publish/recover-uploads.ts';
import { placedRemover } from './publish/remove-placed.ts';
import { UploadJournal } from './publish/upload-journal.ts';
import { Resealer } from './reseal/resealer.ts';
import type { Foundation, Probe } from './services.ts';

/** What handlers get beside the foundation. */
export type BytePowers = {
  readonly publish: (request: PublishRequest) => Promise<Published>;
  readonly open: (request: ReadRequest) => Promise<OpenedContent>;
  readonly jobs: Jobs;
  readonly custody: Custodian;
  readonly quotas: Quotas;
  /** Absent where the configuration names nothing to administer with. */
  readonly administration: Administration | undefined;
  readonly eraser: Pick<Eraser, 'progressOf'>;
  readonly failpoint: Failpoint;
  readonly rotator: Rotator;
  readonly resealer: Resealer;
  /** The evidence of a finished job, as the bytes of one file. */
  readonly evidence: (
    job: JobRecord,
    options: { readonly rows?: readonly number[] | undefined; readonly signal: AbortSignal },
  ) => Promise<Uint8Array>;
};

export type OpenBytePowers = AsyncDisposable & {
  readonly powers: BytePowers;
  /** Parts of theirs that /readyz asks. */
  readonly probes: readonly Probe[];
  /** Address of the peer listener, `https://host:port`, once it serves. */
  readonly peerAddress: string | undefined;
  /** This organization's key-encryption public key, base64: the one it is registered with, or its first. Faults as `organizationKey`. */
  readonly agreementKey: ((registered: OrganizationRecord | undefined) => string) | undefined;
};

/** How long a decided block right is kept: ciphertext only, a thousand blocks at a time. */
const keepRightMs = 1_000;

/** Opens key store, stores and the peer listener. Fault `misconfigured` where a file is missing. */
export async function openBytePowers(foundation: Foundation): Promise<OpenBytePowers> {
  const { config, organization, clock, random, log, ledger, fabric, readModel, keyedHash, trust } = foundation;
  const { host, port } = config.peer;
  const inData = (name: string) => join(config.data, name);
  const spool = inData('spool');
  mkdirSync(spool, { recursive: true, mode: 0o700 });
  await using opening = new AsyncDisposableStack();
  const stopping = new AbortController();
  const protection = await openKeyProtection(config.keyStore, random);
  const keyFiles = { file: inData('keys.sqlite'), keyFile: inData('key-store.key') };
  const keys = opening.use(KeyStore.open({ ...keyFiles, random, protection }));
  const blockIndexFile = inData('blocks.sqlite');
  const nowMs = () => clock.now().getTime();
  const index = opening.use(new BlockIndex(blockIndexFile, nowMs));
  if (existsSync(inData(restoredName))) index.loseLines(nowMs());
  const journal = opening.use(new UploadJournal(inData('uploads.sqlite')));
  const store = opening.use(new JobStore(inData('jobs.sqlite')));
  const pair = config.ledger.identities.gateway;
  if (pair === undefined) throw new Fault('misconfigured', 'this gateway holds no certificate of the role gateway');
  const identity = { certificate: readFileSync(pair.certificate, 'utf8'), key: readFileSync(pair.key, 'utf8') };
  const credentials = readPeerCredentials(config.peer, trust);
  const peers = opening.use(new PeerClient(credentials, readRefusal));
  const own: readonly OwnStorageNode[] = config.storageNodes.map(({ id, address, token }) => ({
    id,
    address,
    token: token === undefined ? '' : readFileSync(token, 'utf8').trim(),
  }));
  const custodyStore = opening.use(new CustodyStore(inData('custody.sqlite')));
  const recoveryKey = config.recoveryKey === undefined ? undefined : readRecoveryPublicKey(config.recoveryKey);
  const keeper = new KeyKeeper({
    organization,
    channel: config.channel,
    ledger,
    readModel,
    keys,
    custody: custodyStore,
    storage: { organization, storageNodes: new Set(own.map(({ id }) => id)), index },
    recoveryKey,
    organizationSecret: readFileSync(config.organizationSecret),
    random,
    keyedHash,
    restoredFile: inData(restoredName),
  });
  const ways = () => storageWays(readModel, own, credentials);
  const routes = opening.use(
    new StorageRoutes({ routes: new Map(own.map(({ id, address, token }) => [id, { kind: 'own', address, token }])) }),
  );
  const nodes = new Map<StorageNodeId, BlockStore>(own.map(({ id }) => [id, routes.own(id)]));
  const alive = () => aliveNodes(ways());
  const failpoint = failpoints(config.failpoints);
  const heartbeats = new Heartbeats(() => performance.now());
  const removePlaced = placedRemover({
    readModel,
    ways,
    index,
    keys,
    journal,
    putListDirectory: spool,
    signal: stopping.signal,
    log,
  });
  const shareRoutes = opening.use(new StorageRoutes({ routes: new Map() }));
  const secrets = opening.use(
    new SharedSecrets({
      blocksAt: (storageNodes, words) => {
        for (const [id, { route }] of ways()) shareRoutes.set(id, route);
        return shareRoutes.bind(storageNodes, { words });
      },
    }),
  );
  const custody = opening.use(
    new Custodian({
      organization,
      config: config.custody,
      quotaBytes: config.limits.quotaBytes,
      ledger,
      readModel,
      keys,
      keeper,
      secrets,
      store: custodyStore,
      index,
      journal,
      nodes,
      ways,
      alive,
      trusted: (signal) => whenTrusted(trust, signal),
      random,
      keyedHash,
      clock: steadily(clock),
      failpoint,
      log: log.child({ part: 'custody' }),
    }),
  );
  const resealDirectory = inData('reseal');
  mkdirSync(resealDirectory, { recursive: true, mode: 0o700 });
  const resealer = opening.use(
    new Resealer({
      organization,
      ledger,
      readModel,
      keys,
      keeper,
      secrets,
      custody,
      store: custodyStore,
      index,
      ways,
      choosePlacement: async (seed) => choosePlacement(nodesFor(readModel, organization), await alive(), seed),
      blockIndexFile,
      putListDirectory: resealDirectory,
      quotaBytes: config.limits.quotaBytes,
      random,
      keyedHash,
      failpoint,
      log: log.child({ part: 'resealing' }),
    }),
  );
  const rotator = opening.use(
    new Rotator({ organization, readModel, keys, keeper, failpoint, log: log.child({ part: 'keys' }) }),
  );
  const quotaBytes = config.limits.quotaBytes;
  const quotas = new Quotas(index, quotaBytes);
  const outputs = new OutputSecrets({
    organization,
    store,
    secrets,
    ways,
    index,
    spool,
    quotaBytes,
    random,
    signal: stopping.signal,
  });
  const shareOutput = (job: JobRecord) => {
    outputs.sharesOf(job).catch((error: unknown) => {
      log.warn({ err: error, job: job.id }, "the shares of the output's S are not placed yet");
    });
  };
  const publishing: PublishPowers = {
    organization,
    readModel,
    keys,
    keeper,
    journal,
    random,
    ways,
    alive,
    removePlaced,
    failpoint,
    armed: config.failpoints,
    blockIndexFile,
    putListDirectory: spool,
    quotaBytes: config.limits.quotaBytes,
    uploadBytes: config.limits.uploadBytes,
    log,
  };
  const placeOutput = async (seed: string) => choosePlacement(nodesFor(readModel, organization), await alive(), seed);
  const jobs = new Jobs({
    organization,
    readModel,
    keys,
    store,
    random,
    placeOutput,
    shareOutput,
    failpoint,
    heartbeats,
    clock,
  });
  const coordinator = opening.use(
    new JobCoordinator({
      organization,
      ledger,
      readModel,
      keys,
      keeper,
      store,
      random,
      keyedHash,
      failpoint,
      reseal: (job, plan, parts) =>
        resealOutput({ keys, outputs, ways, organization, blockIndexFile, spool, quotaBytes }, job, plan, parts),
      heartbeats,
      heartbeatTtlMs: config.jobs.heartbeatTtlMs,
      log: log.child({ part: 'jobs' }),
    }),
  );
  const service = new KeyService({
    organization,
    channel: config.channel,
    ledger,
    readModel,
    ownHeight: (signal) => fabric.height(signal === undefined ? {} : { signal }),
    clock,
    keys,
    jobs: store,
    custody,
    secrets,
    outputs,
  });
  const others = otherGateways(peers, () =>
    listAll(readModel, 'organization').flatMap(({ mspId, gatewayAddress }): GatewayPlace[] =>
      mspId === organization || gatewayAddress === undefined || !credentials.roots.has(mspId)
        ? []
        : [{ organization: mspId, address: gatewayAddress }],
    ),
  );
  const administration =
    config.admin === undefined ? undefined : opening.use(openAdministration(foundation, config.admin, others));
  const listener = opening.use(
    await PeerListener.open({
      host,
      port,
      ...credentials.tls,
      trust,
      log: log.child({ part: 'peer' }),
      routes: [
        ...blockRoutes({
          index,
          nodes,
          decide: rightDecider(ledger, { keepMs: keepRightMs }),
          quotaBytes: (owner) => quotas.bytesFor(owner),
        }),
        ...erasureRoutes({
          index,
          nodes,
          ledger,
          // By then owners have missed their blocks and put them again, which writes the lines.
          trustsNames: () =>
            nowMs() - (index.linesLostMs ?? Number.NEGATIVE_INFINITY) >= config.custody.orphanHorizonMs,
        }),
        ...keyRoutes(service),
        ...jobRoutes(coordinator),
        readyRoute(() => readModel.block),
        ...(config.admin === undefined || administration === undefined
          ? []
          : changeRoutes({ ...administration, fabricVersion: config.admin.fabricVersion })),
      ],
    }),
  );
  const eraser = opening.use(
    new Eraser({
      organization,
      channel: config.channel,
      ledger,
      readModel,
      index,
      nodes,
      peers,
      keys,
      keeper,
      jobs: store,
      custody,
      store: opening.use(new ErasureStore(inData('erasures.sqlite'))),
      identity,
      keyedHash,
      clock,
      failpoint,
      log: log.child({ part: 'erasure' }),
    }),
  );
  const started = startAll();
  const recovered = recoverUploads({ ...publishing, ledger, signal: stopping.signal });
  opening.defer(async () => {
    stopping.abort(new Error('the gateway stops'));
    await Promise.all([started, recovered]);
  });
  /** What acts by itself acts on what the read model shows: nothing of it begins on a past that is being read again. */
  async function startAll(): Promise<void> {
    try {
      await whenCaughtUp(readModel, (signal) => fabric.height({ signal }), stopping.signal, log);
      for (const one of [coordinator, eraser, custody, rotator, resealer]) one.start();
    } catch (error) {
      if (!stopping.signal.aborted) log.error({ err: error }, 'what the gateway does by itself is not begun');
    }
  }
  const evidencePowers: EvidencePowers = {
    organization,
    channel: config.channel,
    fabric,
    readModel,
    keys,
    ways,
    custody,
    secrets,
    identity,
  };
  const opened = opening.move();
  return {
    powers: {
      publish: (request) => publishVersion(publishing, request),
      open: (request) =>
        readVersion({ organization, channel: config.channel, readModel, keys, peers, ways, custody, secrets }, request),
      jobs,
      custody,
      quotas,
      administration,
      eraser,
      failpoint,
      rotator,
      resealer,
      evidence: (job, options) => buildEvidence(evidencePowers, job, options),
    },
    probes: [
      ...(administration === undefined
        ? []
        : [{ name: 'certificates', probe: async () => endingSoon(await administration.certificates.list()) }]),
      ...own.map(({ id }) => ({
        name: `storage-node ${id}`,
        probe: async (signal: AbortSignal) => void (await routes.own(id).control.version({ signal })),
      })),
    ],
    peerAddress: `https://${config.peer.publicHost ?? host}:${listener.port}`,
    agreementKey: (registered) => Buffer.from(organizationKey(keys, registered).publicKey).toString('base64'),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
