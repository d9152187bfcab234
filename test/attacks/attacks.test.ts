/** Bad input and attacks, each by name, on one running network that must serve as well afterwards as before. */
import { afterAll, beforeAll, describe } from '@jest/globals';
import { type Network, startNetwork } from '../support/network.ts';
import { badRequests } from './bad-requests.ts';
import { badUploads } from './bad-uploads.ts';
import { canaries } from './canaries.ts';
import { notAnExecutor } from './executors.ts';
import { leakedKeys } from './leaked-keys.ts';
import { strangers } from './strangers.ts';

let network: Network;
beforeAll(async () => {
  network = await startNetwork();
}, 180_000);
afterAll(() => network?.[Symbol.asyncDispose](), 60_000);

describe('a bad request', () => badRequests(() => network));
describe('a bad upload', () => badUploads(() => network));
describe('a stranger between organizations', () => strangers(() => network));
describe('a compute node that is not among the executors', () => notAnExecutor(() => network));
describe('a canary', () => canaries(() => network));
describe('whoever has a leaked key store', () => leakedKeys(() => network));
