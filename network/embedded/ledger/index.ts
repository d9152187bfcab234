export { LedgerConfig } from './config.ts';
export { type RunningLedger, startLedger } from './start-ledger.ts';
