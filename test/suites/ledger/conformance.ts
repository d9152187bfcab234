import type { Gateway } from '@hyperledger/fabric-gateway';
import { afterAll, beforeAll, describe } from '@jest/globals';
import { channelStories } from './channel-stories.ts';
import { configStories } from './config-stories.ts';
import { discoveryStories } from './discovery-stories.ts';
import { eventStories } from './event-stories.ts';
import { keyLevelStories } from './key-level-stories.ts';
import { lifecycleStories } from './lifecycle-stories.ts';
import { orderingStories } from './ordering-stories.ts';
import { privateDataStories } from './private-data-stories.ts';
import { type LedgerKind, type Member, members, ProbeConsortium } from './probe-consortium.ts';
import { refusalStories } from './refusal-stories.ts';
import { submittingStories } from './submitting-stories.ts';
import { validationStories } from './validation-stories.ts';

/** What the stories are told on: a consortium that runs, and a gateway of fabric-gateway at each organization's peer. */
export interface Stage {
  readonly consortium: ProbeConsortium;
  contract(member: Member, name?: string): ReturnType<ReturnType<Gateway['getNetwork']>['getContract']>;
  network(member: Member): ReturnType<Gateway['getNetwork']>;
}

const any = "OR('A.peer','B.peer','C.peer')";

/** One set of stories for every ledger that speaks Fabric's protocols: what a client sees, in Fabric's own words. */
export function ledgerConformance(name: string, kind: LedgerKind): void {
  describe(name, () => {
    let consortium: ProbeConsortium;
    let networks: ReadonlyMap<Member, ReturnType<Gateway['getNetwork']>>;
    beforeAll(async () => {
      consortium = await ProbeConsortium.start(kind, {
        chaincodes: [
          { name: 'probe', collections: [{ name: 'onlyA', members: ['A'] }] },
          {
            name: 'any',
            policy: any,
            collections: [
              { name: 'ab', members: ['A', 'B'] },
              { name: 'brief', members: ['A'], blockToLive: 2 },
            ],
          },
          { name: 'down', down: true },
        ],
        packages: ['agreed_1', 'agreed_2'],
      });
      networks = new Map(members.map((member) => [member, consortium.gateway(member).getNetwork(consortium.channel)]));
    }, 180_000);
    afterAll(() => consortium?.[Symbol.asyncDispose](), 60_000);

    const stage = (): Stage => ({
      consortium,
      network: (member) => networks.get(member)!,
      contract: (member, chaincode = 'probe') => networks.get(member)!.getContract(chaincode),
    });
    describe('submitting and evaluating', () => submittingStories(stage));
    describe('what becomes of a transaction', () => validationStories(stage));
    describe('refusals in the words of a peer', () => refusalStories(stage));
    describe('key-level endorsement', () => keyLevelStories(stage));
    describe('private data', () => privateDataStories(stage));
    describe('agreeing on a chaincode', () => lifecycleStories(stage));
    describe('events and blocks', () => eventStories(stage));
    describe('the doors of the orderers', () => orderingStories(stage));
    describe('service discovery', () => discoveryStories(stage));
    describe('further channels', () => channelStories(stage));
    describe('changing the configuration', () => configStories(stage));
  });
}
