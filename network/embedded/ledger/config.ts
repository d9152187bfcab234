import { z } from 'zod';

const path = z.string().min(1);
const address = z.string().regex(/^[^\s:]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i, 'is no host:port');
const mspId = z.string().regex(/^[A-Za-z0-9.-]{1,100}$/, 'is no MSP id');
const mayBe = <T extends z.ZodType>(type: T) => type.optional();

const collection = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9-]+([A-Za-z0-9_-]+)*$/, 'is no name of a collection'),
  /** MSP ids whose peers hold the plaintext, as a signature policy of members: "OR('A.member','B.member')". */
  policy: z.string(),
  memberOnlyRead: z.boolean().default(true),
  memberOnlyWrite: z.boolean().default(true),
  /** For how many blocks after its own a value lives; 0 for ever. */
  blockToLive: z.number().int().min(0).default(0),
  /** Replaces the chaincode's policy for this collection's keys. */
  endorsementPolicy: mayBe(z.union([z.string(), z.strictObject({ channelPolicy: z.string() })])),
});

const chaincode = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$/, 'is no name of a chaincode'),
  version: z.string().min(1),
  sequence: z.number().int().min(1).max(1_000_000).default(1),
  /** A signature policy, or one of the channel's by path. */
  policy: z
    .union([z.string(), z.strictObject({ channelPolicy: z.string() })])
    .default({ channelPolicy: '/Channel/Application/Endorsement' }),
  collections: z.array(collection).default([]),
  /** The fabric-shim server. */
  address,
  tls: z.strictObject({
    rootCertificates: path,
    clientCertificate: path,
    clientKey: path,
    serverName: mayBe(z.string()),
  }),
});

const orderer = z.strictObject({
  /** Of `orderer.AtomicBroadcast`; port 0 takes any free one. */
  address,
  /** Of channel participation (HTTPS). */
  adminAddress: address,
  /** With which blocks are signed. */
  certificate: path,
  key: path,
  /** `clientRoots`: who issues the certificates that channel participation asks its callers for. */
  tls: z.strictObject({ certificate: path, key: path, clientRoots: path }),
});

/** Where a chaincode service listens and with which certificates a peer speaks to it. */
const service = z.strictObject({ address, tls: chaincode.shape.tls });

const organization = z.strictObject({
  mspId,
  /** Port 0 takes any free one; the real one is reported. */
  address,
  tls: z.strictObject({ certificate: path, key: path, clientRoots: mayBe(path) }),
  certificate: path,
  key: path,
  /**
   * The organization's own certificate authorities (PEM), by which its peer knows its admins where no channel is named.
   * Needed unless the organization is a member of the configured channel.
   */
  rootCertificates: mayBe(path),
  /** Its own orderer, which may join and leave channels; without any, `orderer` stands for all. */
  orderer: mayBe(orderer),
  /** The services that installed packages run as, by the packages' labels. */
  packages: z.record(z.string().min(1), service).default({}),
});

/** Everything that the embedded ledger is told; certificates and keys are paths of PEM files. */
export const LedgerConfig = z
  .strictObject({
    /** The channel that is there from the start, together with its `genesisBlock`; others are made while the ledger runs. */
    channel: mayBe(z.string().regex(/^[a-z][a-z0-9.-]{0,248}$/, 'is no name of a channel')),
    dataDirectory: path,
    /** `common.Block` with the channel's configuration, made by network/admin; becomes block 0. */
    genesisBlock: mayBe(path),
    /** Signs blocks where no organization has an orderer of its own. */
    orderer: mayBe(z.strictObject({ mspId, certificate: path, key: path })),
    organizations: z.array(organization).min(1),
    chaincodes: z.array(chaincode),
    cut: mayBe(
      z.strictObject({
        maxCount: mayBe(z.number().int().min(1)),
        maxBytes: mayBe(z.number().int().min(1)),
        waitMs: mayBe(z.number().int().min(0)),
      }),
    ),
    /** Fabric 3.x's proposal time window; left out, any time is taken, as in 2.5. */
    proposalWindowMs: mayBe(z.number().int().min(1)),
  })
  .superRefine((config, context) => {
    const wrong = (at: string, message: string): void => context.addIssue({ code: 'custom', path: [at], message });
    if ((config.channel === undefined) !== (config.genesisBlock === undefined)) {
      wrong('genesisBlock', 'a channel and its genesis block are named together, or neither is');
    }
    if (config.orderer === undefined && config.organizations.every((each) => each.orderer === undefined)) {
      wrong('orderer', 'no orderer signs blocks: give one here or one to an organization');
    }
    if (new Set(config.organizations.map((each) => each.mspId)).size < config.organizations.length) {
      wrong('organizations', 'one MSP id appears twice');
    }
  });
/** As written in a file: fields with defaults may be left out. */
export type LedgerConfig = z.input<typeof LedgerConfig>;
export type ParsedLedgerConfig = z.output<typeof LedgerConfig>;
