/** The powers that handlers and background parts are given. Built once, in `main.ts`. */
import type { MspId } from '@d-cloud/chaincode/domain';
import type { Ledger } from '@d-cloud/network/ledger';
import type { ChannelTrust } from '@d-cloud/network/peers';
import type { Logger } from 'pino';
import type { BytePowers } from './byte-powers.ts';
import type { GatewayConfig } from './config.ts';
import type { Metrics } from './http/metrics.ts';
import type { GatewayLedger } from './ledger.ts';
import type { ReadModel } from './projection/index.ts';

/** Wall time, for expiry and logs; a gateway's never goes back while it runs. Tests pass their own. */
export type Clock = { now(): Date };

/** A part this gateway needs, asked by /readyz. Throws when it does not answer; a text is shown though it does. */
export type Probe = { readonly name: string; readonly probe: (signal: AbortSignal) => Promise<unknown> };

/** What every other part is built from. */
export type Foundation = {
  readonly config: GatewayConfig;
  /** The organization this gateway speaks for. */
  readonly organization: MspId;
  readonly clock: Clock;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Signs as the role `gateway`. */
  readonly ledger: GatewayLedger;
  /** The same channel as Fabric shows it, for evidence: blocks, endorsed answers, statuses. */
  readonly fabric: Ledger;
  readonly readModel: ReadModel;
  /** Who counts as whom between organizations, by the channel's configuration in force. */
  readonly trust: ChannelTrust;
  /** HMAC-SHA-256 under the organization's secret: persons, minted ids, salts. */
  readonly keyedHash: (...parts: readonly string[]) => Uint8Array;
};

/** Everything handlers may use: each further power is declared in the folder that implements it. */
export type Services = Foundation &
  BytePowers & {
    readonly probes: readonly Probe[];
    /** The OpenAPI document of this very list of routes. */
    readonly document: () => { readonly openapi: string };
  };
