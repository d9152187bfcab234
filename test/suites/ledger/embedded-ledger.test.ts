import { ledgerConformance } from './conformance.ts';

ledgerConformance('the embedded ledger', { kind: 'embedded' });
