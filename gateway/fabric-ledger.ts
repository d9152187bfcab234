import { readFileSync } from 'node:fs';
import {
  canonicalJson,
  type EvaluateName,
  type Evaluates,
  readRefusal,
  type SubmitName,
  type Submits,
} from '@d-cloud/chaincode/domain';
import { connectLedger, Fault, type Ledger } from '@d-cloud/network/ledger';
import type { GatewayConfig, LedgerRole } from './config.ts';
import type { GatewayLedger, Submitted } from './ledger.ts';

export type FabricLedger = AsyncDisposable & {
  /** Signs as the role `gateway`; `as` gives the others. */
  readonly ledger: GatewayLedger;
  readonly fabric: Ledger;
};

/** Tells that a block is in the read model: what a write waits for before it answers. */
export type Projected = (block: number, signal?: AbortSignal) => Promise<void>;

/** Connects to the own peer, once per role and when the role is first needed. Fault `misconfigured` when the gateway's own identity is missing. */
export function openFabricLedger(config: GatewayConfig, projected: Projected): FabricLedger {
  const opened = new Map<LedgerRole, Ledger>();
  const connect = (role: LedgerRole): Ledger => {
    const known = opened.get(role);
    if (known !== undefined) return known;
    const identity = config.ledger.identities[role];
    if (identity === undefined)
      throw new Fault('misconfigured', `this gateway holds no certificate of the role ${role}`);
    const { address, fallbacks = [], tlsRoot, serverName } = config.ledger;
    const fabric = connectLedger({
      peerAddress: [address, ...fallbacks],
      tlsRoots: [readFileSync(tlsRoot, 'utf8')],
      ...(serverName !== undefined && { tlsServerName: serverName }),
      identity: {
        mspId: config.organization.mspId,
        certificate: readFileSync(identity.certificate, 'utf8'),
        privateKey: readFileSync(identity.key, 'utf8'),
      },
      channel: config.channel,
      chaincode: config.chaincode,
      readRefusal,
    });
    opened.set(role, fabric);
    return fabric;
  };
  const views = new Map<LedgerRole, GatewayLedger>();
  const as = (role: LedgerRole): GatewayLedger => {
    const known = views.get(role) ?? gatewayLedger(() => connect(role), config.organization.mspId, projected, as);
    views.set(role, known);
    return known;
  };
  return {
    ledger: as('gateway'),
    fabric: connect('gateway'),
    async [Symbol.asyncDispose]() {
      for (const fabric of opened.values()) await fabric[Symbol.asyncDispose]();
    },
  };
}

/** A `GatewayLedger` over a Fabric one: canonical JSON in, JSON out. */
export function gatewayLedger(
  connected: () => Pick<Ledger, 'submit' | 'evaluate'>,
  ownOrganization: string,
  projected: Projected,
  as: GatewayLedger['as'],
): GatewayLedger {
  return {
    async submit<N extends SubmitName>(...[name, body, stamp, options = {}]: Parameters<GatewayLedger['submit']>) {
      const { transactionId, blockNumber, result } = await connected().submit(
        name,
        [canonicalJson(body), canonicalJson(stamp)],
        options,
      );
      await shown(projected(blockNumber, options.signal), transactionId);
      return {
        transaction: transactionId,
        block: blockNumber,
        result: read<Submits[N]['result']>(result, name),
      } satisfies Submitted<N>;
    },
    async evaluate<N extends EvaluateName>(...[name, body, options = {}]: Parameters<GatewayLedger['evaluate']>) {
      const { anyPeer = false, signal } = options;
      const bytes = await connected().evaluate(name, [canonicalJson(body)], {
        ...(!anyPeer && { endorsingOrganizations: [ownOrganization] }),
        ...(signal !== undefined && { signal }),
      });
      return read<Evaluates[N]['result']>(bytes, name);
    },
    as,
  };
}

/** The transaction is valid; only this gateway's own view is late. The same request asked again finds its result. */
async function shown(projection: Promise<void>, transactionId: string): Promise<void> {
  try {
    await projection;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    throw new Fault(error.kind, error.message, { cause: error, transactionId });
  }
}

function read<T>(bytes: Uint8Array, name: string): T {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8')) as T;
  } catch (cause) {
    throw new Fault('corrupt', `${name} answered what is not JSON`, { cause });
  }
}
