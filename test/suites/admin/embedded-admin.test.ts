import { startNetwork } from '../../support/network.ts';
import { adminConformance } from './conformance.ts';

adminConformance('the administration of an embedded consortium', startNetwork, 'together');
