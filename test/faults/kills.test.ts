/** `kill -9` of every kind of program at bad moments, on one running network that must end every story whole. That no line is left out says failpoints.test.ts. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { type Network, startNetwork } from '../support/network.ts';
import { killsWhileComputing } from './computing.ts';
import { killsWhileEnding } from './ending.ts';
import { killsUnderLoad } from './ledger-under-load.ts';
import { killsWhilePublishing } from './publishing.ts';

let network: Network;
beforeAll(async () => {
  network = await startNetwork();
}, 180_000);
afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

describe('while publishing', () => killsWhilePublishing(() => network));
describe('while a job runs', () => killsWhileComputing(() => network));
describe('while something ends', () => killsWhileEnding(() => network));
describe('while many write', () => killsUnderLoad(() => network));
