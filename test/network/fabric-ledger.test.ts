import { ledgerConformance } from '../suites/ledger/conformance.ts';
import { realPrograms } from './found-programs.ts';

for (const [name, binaries] of Object.entries(realPrograms.fabrics)) {
  ledgerConformance(`a network of ${name}`, { kind: 'fabric', binaries });
}
