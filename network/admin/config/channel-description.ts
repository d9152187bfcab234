import { z } from 'zod';
import { Fault } from '../../ledger/fault.ts';

const Address = z.string().regex(/^[A-Za-z0-9.:[\]-]+:\d{1,5}$/, 'write host:port');
const Pem = z.string().startsWith('-----BEGIN');
const ImplicitText = z.string().regex(/^(ANY|ALL|MAJORITY) \w+$/);

/** A channel in words: everything that its genesis block says, with our defaults filled in by parsing. */
export const ChannelDescription = z.strictObject({
  channel: z
    .string()
    .max(249)
    .regex(/^[a-z][a-z0-9.-]*$/),
  /** Each one is an application organization; one with endpoints is an ordering organization too. */
  organizations: z
    .array(
      z.strictObject({
        mspId: z.string().min(1),
        roots: z.strictObject({
          rootCertificate: Pem,
          tlsRootCertificate: Pem,
          revocationLists: z.array(Pem).readonly(),
        }),
        anchorPeers: z.array(Address).default([]),
        ordererEndpoints: z.array(Address).default([]),
      }),
    )
    .min(1)
    .readonly(),
  consensus: z.enum(['raft', 'bft']).default('raft'),
  /** The orderers that agree; `certificate` (signing, PEM) is needed for bft. */
  consenters: z
    .array(
      z.strictObject({
        mspId: z.string(),
        address: Address,
        tlsCertificate: Pem,
        certificate: Pem.optional(),
      }),
    )
    .min(1)
    .readonly(),
  batch: z
    .strictObject({
      timeout: z.string().regex(/^\d+(\.\d+)?(ms|s)$/),
      maxMessageCount: z.int().min(1),
      absoluteMaxBytes: z.int().min(1),
      preferredMaxBytes: z.int().min(1),
    })
    .default({ timeout: '200ms', maxMessageCount: 500, absoluteMaxBytes: 10 << 20, preferredMaxBytes: 2 << 20 }),
  capabilities: z
    .strictObject({
      channel: z.enum(['V2_0', 'V3_0']),
      orderer: z.literal('V2_0'),
      application: z.enum(['V2_0', 'V2_5']),
    })
    .default({ channel: 'V2_0', orderer: 'V2_0', application: 'V2_5' }),
  /** Policies of /Channel/Application by name. */
  applicationPolicies: z
    .strictObject({ Admins: ImplicitText, Endorsement: ImplicitText, LifecycleEndorsement: ImplicitText })
    .default({
      Admins: 'MAJORITY Admins',
      Endorsement: 'MAJORITY Endorsement',
      LifecycleEndorsement: 'MAJORITY Endorsement',
    }),
  /** Resource to policy path, such as `event/Block` to `/Channel/Application/Readers`. */
  acls: z.record(z.string(), z.string()).default({}),
});
export type ChannelDescription = z.input<typeof ChannelDescription>;
export type ParsedChannel = z.output<typeof ChannelDescription>;

/** Parses a description and checks what Fabric would take and regret. */
export function parseChannel(description: ChannelDescription): ParsedChannel {
  const parsed = ChannelDescription.safeParse(description);
  if (!parsed.success)
    throw new Fault('misconfigured', `the channel's description is wrong: ${z.prettifyError(parsed.error)}`);
  const channel = parsed.data;
  const mspIds = channel.organizations.map(({ mspId }) => mspId);
  const wrong =
    new Set(mspIds).size !== mspIds.length
      ? 'one MSP appears twice, and would count twice in every majority'
      : channel.organizations.every(({ ordererEndpoints }) => ordererEndpoints.length === 0)
        ? 'no organization has an orderer endpoint'
        : channel.consenters.find(({ mspId }) => !mspIds.includes(mspId)) !== undefined
          ? 'a consenter belongs to no organization of the channel'
          : channel.consensus === 'bft' && channel.consenters.some(({ certificate }) => certificate === undefined)
            ? 'bft needs the signing certificate of every consenter'
            : channel.consensus === 'bft' && channel.capabilities.channel !== 'V3_0'
              ? 'bft needs channel capability V3_0'
              : undefined;
  if (wrong !== undefined) throw new Fault('misconfigured', `the channel's description is wrong: ${wrong}`);
  return channel;
}
