/** What a gateway is told, in one JSON file whose path is the program's only argument. Secrets are files, named by path. */
import { isId, isMspId, type MspId, type StorageNodeId } from '@d-cloud/chaincode/domain';
import { z } from 'zod';
import { type Role, roleScopes } from './auth/scopes.ts';

/** Whose certificate signs a transaction: a person's role, or the gateway's own. */
export type LedgerRole = Role | 'gateway';

const path = z.string().min(1);
const address = z.string().regex(/^[A-Za-z0-9.:[\]-]+:\d{1,5}$/, 'write host:port');
const port = z.number().int().min(0).max(65_535);
const keyPair = z.strictObject({ certificate: path, key: path });
const ledgerRoles = [...(Object.keys(roleScopes) as Role[]), 'gateway'] as const;

/** What protects the key file of the key store; a gateway without it keeps that file plain. Secrets are named by path. */
export const keyStoreSchema = z.union([
  z.strictObject({
    /** File of mode 0600 whose first line is the passphrase. */
    passphraseFile: path,
  }),
  z.strictObject({
    /** An AES-256 key in a token: the module is a shared library, the PIN the first line of a file of mode 0600. */
    pkcs11: z.strictObject({
      module: path,
      tokenLabel: z.string().min(1).max(32),
      keyLabel: z.string().min(1).max(128),
      pinFile: path,
    }),
  }),
]);

export const gatewayConfigSchema = z.strictObject({
  organization: z.strictObject({
    name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
    mspId: z.custom<MspId>(isMspId),
  }),
  channel: z.string().default('dcloud'),
  chaincode: z.string().default('dcloud'),
  /** Directory this gateway alone writes: read model, key store, spool. */
  data: path,
  rest: z.strictObject({ host: z.string().default('127.0.0.1'), port, tls: keyPair.optional() }),
  /** The listener for other organizations; whom it trusts stands in the channel's configuration. */
  peer: z.strictObject({
    host: z.string().default('127.0.0.1'),
    /** The host by which other organizations reach it, where that is not the address it listens at. */
    publicHost: z.string().optional(),
    port,
    tls: keyPair,
  }),
  ledger: z.strictObject({
    /** `host:port` of the own organization's peer. */
    address: z.string(),
    /** The same of its other peers, asked while the first is away. */
    fallbacks: z.array(z.string()).max(4).optional(),
    tlsRoot: path,
    /** Name in the peer's certificate where it differs from the host. */
    serverName: z.string().optional(),
    /** Enrolled certificates by role; the attribute `dcloud.role` in each says the same. */
    identities: z.partialRecord(z.enum(ledgerRoles), keyPair),
  }),
  /** The organization's own storage nodes, by their Kubo RPC on loopback; `token` is a file. */
  storageNodes: z
    .array(
      z.strictObject({
        id: z.custom<StorageNodeId>((value) => isId('stor', value)),
        address: z.url(),
        token: path.optional(),
        disk: z.string().min(1),
        capacityBytes: z.string().regex(/^[1-9]\d{0,18}$/),
      }),
    )
    .default([]),
  /** File of at least 32 random bytes in hex: persons' hashes, minted ids and stored key hashes are under it. */
  organizationSecret: path,
  keyStore: keyStoreSchema.optional(),
  /** Public half of the organization's recovery key, base64: what is kept on the ledger opens with the other half, which lies offline. */
  recoveryKey: z.base64().length(44).optional(),
  logLevel: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
  limits: z
    .strictObject({
      requestsPerMinute: z.number().int().min(1).default(6_000),
      concurrentUploads: z.number().int().min(1).default(4),
      concurrentWatches: z.number().int().min(1).default(16),
      uploadBytes: z
        .number()
        .int()
        .min(1)
        .default(16 * 1024 ** 3),
      /** What each organization may keep on the own storage nodes. */
      quotaBytes: z
        .number()
        .int()
        .min(0)
        .default(256 * 1024 ** 3),
    })
    .prefault({}),
  jobs: z
    .strictObject({
      /** A claim whose compute node showed no life for so long is taken from it. */
      heartbeatTtlMs: z.number().int().min(200).default(5_000),
    })
    .prefault({}),
  custody: z
    .strictObject({
      /** Between two audits; each asks a storage node for so much of 1 % of its blocks, and at least 300, a day. */
      auditIntervalMs: z
        .number()
        .int()
        .min(1_000)
        .max(24 * 60 * 60 * 1000)
        .default(60 * 60 * 1000),
      /** For so long a storage node may be away before its fragments are placed elsewhere, while enough others are left. */
      offlineGraceMs: z
        .number()
        .int()
        .min(0)
        .default(4 * 60 * 60 * 1000),
      /** For so long a block may belong to nothing before it is removed. */
      orphanHorizonMs: z
        .number()
        .int()
        .min(0)
        .default(24 * 60 * 60 * 1000),
      /** For one block that is asked for in an audit. */
      probeDeadlineMs: z.number().int().min(100).default(5_000),
    })
    .prefault({}),
  /** Consortium administration (`/v1/admin`); a gateway without it leaves that to others of its organization. */
  admin: z
    .strictObject({
      /** The organization's admin: signing certificate with the node OU `admin`. */
      identity: keyPair,
      /** Its TLS client certificate, which opens the orderer's administration. */
      tls: keyPair,
      /** The organization's own peers, each `host:port`; the first one answers for the channel. */
      peers: z
        .array(z.strictObject({ address, tlsRoot: path, serverName: z.string().optional() }))
        .min(1)
        .max(16),
      /** The organization's own orderer, where it runs one; `adminAddress` is its participation API's. */
      orderer: z
        .strictObject({
          address,
          adminAddress: address.optional(),
          tlsRoot: path,
          serverName: z.string().optional(),
        })
        .optional(),
      /** What the organization's peers and orderer run: a channel needs no more than its lowest member understands. */
      fabricVersion: z.enum(['2.5', '3.1']).default('2.5'),
      /** Where the organization's authorities and identities lie; only on the machine that holds the authorities' keys. */
      organizationDirectory: path.optional(),
    })
    .optional(),
  /** Named lines at which tests end the program, `name:kill` or `name:throw`. */
  failpoints: z.array(z.string()).default([]),
});

export type GatewayConfig = z.output<typeof gatewayConfigSchema>;

/** Reads a configuration file's text. Throws an error whose one sentence names the file and each wrong field, never a value. */
export function readGatewayConfig(text: string, file: string): GatewayConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON`);
  }
  const parsed = gatewayConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path: at, message }) => `${at.join('.') || 'it'}: ${message}`).join('; ');
  throw new Error(`${file} is not a gateway's configuration: ${wrong}`);
}
