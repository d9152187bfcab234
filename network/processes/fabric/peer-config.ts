import { join } from 'node:path';
import type { FabricBinaries } from './fabric-binaries.ts';

/** Where a peer finds its identity and keeps its data. Directories are absolute. */
export interface PeerSettings {
  readonly name: string;
  readonly mspId: string;
  readonly mspDirectory: string;
  readonly tlsDirectory: string;
  readonly dataDirectory: string;
  /** The external builder's directory, with `bin/`. */
  readonly builderDirectory: string;
  /** The own address it listens at, and the host by which the other members reach it. */
  readonly listen: string;
  readonly host: string;
  readonly port: number;
  /** `host:port` of the organization's other peers. */
  readonly siblings: readonly string[];
  readonly generation: FabricBinaries['generation'];
}

/** Names where the builder finds the addresses and keys of chaincode services; peers pass on only what is listed here. */
export const chaincodeDirectoryVariable = 'DCLOUD_CHAINCODE_DIRECTORY';

/** A complete `core.yaml`. */
export function peerConfig(settings: PeerSettings): Record<string, unknown> {
  const { name, mspId, mspDirectory, tlsDirectory, dataDirectory, builderDirectory, listen, host, port } = settings;
  const me = `${host}:${port}`;
  const file = (of: string) => ({ file: join(tlsDirectory, of) });
  return {
    peer: {
      id: name,
      networkId: 'dcloud',
      listenAddress: `${listen}:${port}`,
      address: me,
      // Only for chaincodes that dial the peer; ours are services that the peer dials.
      chaincodeListenAddress: '127.0.0.1:0',
      localMspId: mspId,
      localMspType: 'bccsp',
      mspConfigPath: mspDirectory,
      fileSystemPath: dataDirectory,
      gateway: { enabled: true, endorsementTimeout: '30s', broadcastTimeout: '30s', dialTimeout: '30s' },
      keepalive: {
        minInterval: '60s',
        client: { interval: '60s', timeout: '20s' },
        deliveryClient: { interval: '60s', timeout: '20s' },
      },
      gossip: gossip(me, settings.siblings),
      tls: {
        enabled: true,
        clientAuthRequired: false,
        cert: file('cert.pem'),
        key: file('key.pem'),
        rootcert: file('ca.pem'),
        clientRootCAs: { files: [join(tlsDirectory, 'ca.pem')] },
      },
      authentication: { timewindow: '15m' },
      BCCSP: { Default: 'SW', SW: { Hash: 'SHA2', Security: 256 } },
      deliveryclient: {
        blockGossipEnabled: false,
        reconnectTotalTimeThreshold: '3600s',
        connTimeout: '3s',
        reConnectBackoffThreshold: '5s',
      },
      handlers: {
        authFilters: [
          { name: 'DefaultAuth' },
          { name: 'ExpirationCheck' },
          ...(settings.generation === '3' ? [{ name: 'TimeWindowCheck' }] : []),
        ],
        decorators: [{ name: 'DefaultDecorator' }],
        endorsers: { escc: { name: 'DefaultEndorsement' } },
        validators: { vscc: { name: 'DefaultValidation' } },
      },
      discovery: {
        enabled: true,
        authCacheEnabled: true,
        authCacheMaxSize: 1000,
        authCachePurgeRetentionRatio: 0.75,
        orgMembersAllowedAccess: false,
      },
      limits: { concurrency: { endorserService: 2500, deliverService: 2500, gatewayService: 500 } },
      maxRecvMsgSize: 100 * 2 ** 20,
      maxSendMsgSize: 100 * 2 ** 20,
    },
    vm: { endpoint: '' },
    chaincode: {
      mode: 'net',
      // The shim for Node ends itself when it sees a keepalive message.
      keepalive: 0,
      installTimeout: '60s',
      startuptimeout: '60s',
      executetimeout: '30s',
      system: { _lifecycle: 'enable', cscc: 'enable', lscc: 'enable', qscc: 'enable' },
      logging: { level: 'info', shim: 'warning' },
      externalBuilders: [
        { name: 'dcloud', path: builderDirectory, propagateEnvironment: [chaincodeDirectoryVariable] },
      ],
      runtimeParams: {
        useWriteBatch: true,
        maxSizeWriteBatch: 1000,
        useGetMultipleKeys: true,
        maxSizeGetMultipleKeys: 1000,
      },
    },
    ledger: {
      state: { stateDatabase: 'goleveldb', totalQueryLimit: 100_000 },
      history: { enableHistoryDatabase: true },
      pvtdataStore: {
        collElgProcMaxDbBatchSize: 5000,
        collElgProcDbBatchesInterval: 1000,
        deprioritizedDataReconcilerInterval: '60m',
        purgeInterval: 100,
        purgedKeyAuditLogging: true,
      },
      snapshots: { rootDir: join(dataDirectory, 'snapshots') },
    },
    operations: { listenAddress: '127.0.0.1:0', tls: { enabled: false } },
    metrics: { provider: 'disabled' },
  };
}

/** With Fabric's defaults a new network answers after 25 s, and a peer stalls a minute for each invalid transaction whose private data it lacks. */
function gossip(me: string, siblings: readonly string[]): Record<string, unknown> {
  return {
    bootstrap: siblings.length === 0 ? me : siblings.join(' '),
    endpoint: me,
    externalEndpoint: me,
    orgLeader: true,
    useLeaderElection: false,
    reconnectInterval: '2s',
    aliveTimeInterval: '2s',
    publishStateInfoInterval: '1s',
    requestStateInfoInterval: '1s',
    state: { enabled: false },
    pvtData: {
      pullRetryThreshold: '10s',
      skipPullingInvalidTransactionsDuringCommit: true,
      transientstoreMaxBlockRetention: 1000,
      pushAckTimeout: '3s',
      btlPullMargin: 10,
      reconcileBatchSize: 10,
      reconcileSleepInterval: '10s',
      reconciliationEnabled: true,
      implicitCollectionDisseminationPolicy: { requiredPeerCount: 0, maxPeerCount: 1 },
    },
  };
}
