/** What admins do on real Fabric: see test/suites/admin. Without its programs it is left out, and left-out.test says so. */
import { describe, test } from '@jest/globals';
import { adminConformance } from '../suites/admin/conformance.ts';
import { startNetwork } from '../support/network.ts';
import { realPrograms } from './found-programs.ts';

if (realPrograms.ipfs && Object.keys(realPrograms.fabrics).length > 0) {
  adminConformance('the administration of a real consortium', startNetwork, 'apart');
} else {
  describe('the administration of a real consortium', () => {
    test.skip('left out: programs of Fabric or Kubo are not here', () => undefined);
  });
}
