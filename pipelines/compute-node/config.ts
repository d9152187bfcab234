import { readFile } from 'node:fs/promises';
import { z } from 'zod';

const path = z.string().min(1);

const schema = z.strictObject({
  id: z.string().regex(/^comp_[a-z2-7]{26}$/),
  organization: z.strictObject({ name: z.string(), mspId: z.string() }),
  channel: z.string(),
  chaincode: z.string(),
  /** Directory that this node alone writes: models it has opened, nothing else. */
  data: path,
  ledger: z.strictObject({
    address: z.string(),
    /** The organization's other peers, asked while the first is away. */
    fallbacks: z.array(z.string()).max(4).optional(),
    tlsRoot: path,
    serverName: z.string().optional(),
  }),
  /** The certificate with role `compute-node` and its P-256 key, which signs transactions and attestations alike. */
  identity: z.strictObject({ certificate: path, key: path }),
  /** For the gateways' listeners, whose roots stand in the channel's configuration. */
  tls: z.strictObject({ certificate: path, key: path }),
  heartbeatMs: z.int().min(100).default(1_000),
  /** How often open partitions are asked for besides the ledger's events. */
  pollMs: z.int().min(100).default(5_000),
  logLevel: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
});

export type ComputeNodeConfig = z.output<typeof schema>;

/** Reads the one file that a compute node is given. Throws with the field's name when something is wrong. */
export async function readConfig(file: string): Promise<ComputeNodeConfig> {
  const parsed = schema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (!parsed.success)
    throw new Error(`The compute node's configuration ${file} is wrong: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
