/** The powers that handlers and background parts are given. Built once, in `main.ts`. */
import type { MspId } from '@d-cloud/chaincode/domain';
import type { Logger } from 'pino';
import type { GatewayConfig } from './config.ts';
import type { GatewayLedger } from './ledger.ts';
import type { ReadModel } from './projection/index.ts';

/** Wall time, for expiry and logs. Tests pass their own. */
export type Clock = { now(): Date };

/** What every other part is built from. */
export type Foundation = {
  readonly config: GatewayConfig;
  /** The organization this gateway speaks for. */
  readonly organization: MspId;
  readonly clock: Clock;
  readonly random: (sizeBytes: number) => Uint8Array;
  readonly log: Logger;
  /** Signs as the role `gateway`. */
  readonly ledger: GatewayLedger;
  readonly readModel: ReadModel;
  /** HMAC-SHA-256 under the organization's secret: persons, minted ids, salts. */
  readonly keyedHash: (...parts: readonly string[]) => Uint8Array;
};

/** Everything handlers may use: each further power is declared in the folder that implements it. */
export type Services = Foundation;
