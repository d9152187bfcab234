import { join } from 'node:path';

/** Where an orderer finds its identity and keeps its data. Directories are absolute. */
export interface OrdererSettings {
  readonly mspId: string;
  readonly mspDirectory: string;
  readonly tlsDirectory: string;
  readonly dataDirectory: string;
  /** The own address at which peers and other orderers find it; administration stays on loopback. */
  readonly listen: string;
  readonly port: number;
  readonly adminPort: number;
}

/** A complete `orderer.yaml`: TLS everywhere, channels by participation only, administration with a client certificate of the own organization. */
export function ordererConfig(settings: OrdererSettings): Record<string, unknown> {
  const { mspId, mspDirectory, tlsDirectory, dataDirectory, listen, port, adminPort } = settings;
  const tls = {
    Enabled: true,
    PrivateKey: join(tlsDirectory, 'key.pem'),
    Certificate: join(tlsDirectory, 'cert.pem'),
  };
  const ca = join(tlsDirectory, 'ca.pem');
  return {
    General: {
      ListenAddress: listen,
      ListenPort: port,
      BootstrapMethod: 'none',
      LocalMSPDir: mspDirectory,
      LocalMSPID: mspId,
      TLS: { ...tls, RootCAs: [ca], ClientAuthRequired: false },
      Keepalive: { ServerMinInterval: '60s', ServerInterval: '7200s', ServerTimeout: '20s' },
      Cluster: { SendBufferSize: 100 },
      BCCSP: { Default: 'SW', SW: { Hash: 'SHA2', Security: 256 } },
      Authentication: { TimeWindow: '15m' },
      MaxRecvMsgSize: 100 * 2 ** 20,
      MaxSendMsgSize: 100 * 2 ** 20,
    },
    FileLedger: { Location: join(dataDirectory, 'ledger') },
    Consensus: {
      WALDir: join(dataDirectory, 'wal'),
      SnapDir: join(dataDirectory, 'snapshots'),
      // The others may cut off a consenter that is removed before it hears of that. Without a leader for so long it asks them whether it
      // still belongs to them; by default only after ten minutes, in which it neither follows the channel nor can leave it.
      EvictionSuspicion: '10s',
    },
    ChannelParticipation: { Enabled: true, MaxRequestBodySize: '1 MB' },
    Admin: {
      ListenAddress: `127.0.0.1:${adminPort}`,
      TLS: { ...tls, ClientAuthRequired: true, ClientRootCAs: [ca] },
    },
    Operations: { ListenAddress: '127.0.0.1:0', TLS: { Enabled: false } },
    Metrics: { Provider: 'disabled' },
  };
}
