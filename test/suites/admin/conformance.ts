import { afterAll, beforeAll, describe } from '@jest/globals';
import type { Network } from '../../support/network.ts';
import { certificateStories } from './certificate-stories.ts';
import { chaincodeStories } from './chaincode-stories.ts';
import { changeStories } from './change-stories.ts';
import { type Orderers, ordererStories } from './orderer-stories.ts';

/** What admins do, told over their gateways on a consortium of three that runs; the same on every ledger that speaks Fabric's protocols. */
export function adminConformance(name: string, start: () => Promise<Network>, orderers: Orderers): void {
  describe(name, () => {
    let network: Network;
    beforeAll(async () => {
      network = await start();
    }, 240_000);
    afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

    const stage = () => network;
    describe('changes of the channel', () => changeStories(stage));
    describe('chaincodes', () => chaincodeStories(stage));
    describe('certificates', () => certificateStories(stage));
    describe('orderers and channels', () => ordererStories(stage, orderers));
  });
}
