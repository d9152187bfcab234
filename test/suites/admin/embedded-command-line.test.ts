import { afterAll, beforeAll, describe } from '@jest/globals';
import { type Network, startNetwork } from '../../support/network.ts';
import { commandLineStories } from './command-line-stories.ts';

describe('the administration of an embedded consortium at the command line', () => {
  let network: Network;
  beforeAll(async () => {
    network = await startNetwork();
  }, 240_000);
  afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

  commandLineStories(() => network);
});
