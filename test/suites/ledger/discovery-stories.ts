import { randomBytes } from 'node:crypto';
import type { PeerConnection } from '@d-cloud/network/admin';
import { status } from '@grpc/grpc-js';
import { discovery, gossip, peer as protos } from '@hyperledger/fabric-protos';
import { expect, test } from '@jest/globals';
import type { Stage } from './conformance.ts';
import { differences } from './differences.ts';
import { members } from './probe-consortium.ts';
import { answerTo, field } from './raw-calls.ts';

const path = '/discovery.Discovery/Discover';

/** What one query came to: Fabric's own generated code reads the answer, as Fabric's own tools do. */
type Result = discovery.QueryResult;

interface Call {
  readonly name: string;
  readonly collections?: readonly string[];
  readonly noPrivateReads?: boolean;
}

/** Who endorses what, which peers there are, and how a channel is configured: `discovery.Discovery`. */
export function discoveryStories(stage: () => Stage): void {
  const consortium = () => stage().consortium;

  async function ask(query: discovery.Query, by: PeerConnection = consortium().peer('A')): Promise<Result> {
    const authentication = new discovery.AuthInfo();
    authentication.setClientIdentity(by.signatory.creator);
    const request = new discovery.Request();
    request.setAuthentication(authentication);
    request.setQueriesList([query]);
    const payload = request.serializeBinary();
    const signed = Buffer.concat([field(1, payload), field(2, by.signatory.sign(payload))]);
    const { code, text, bytes } = await answerTo(by.client, path, signed);
    expect([code, text]).toEqual([status.OK, '']);
    return discovery.Response.deserializeBinary(bytes).getResultsList()[0]!;
  }
  const error = (result: Result): string | undefined => result.getError()?.getContent().replace(/\s+/g, ' ');

  const on = (channel: string, set: (query: discovery.Query) => void): discovery.Query => {
    const query = new discovery.Query();
    query.setChannel(channel);
    set(query);
    return query;
  };
  const interestOf = (...calls: readonly Call[]): protos.ChaincodeInterest => {
    const interest = new protos.ChaincodeInterest();
    interest.setChaincodesList(
      calls.map(({ name, collections = [], noPrivateReads = false }) => {
        const call = new protos.ChaincodeCall();
        call.setName(name);
        call.setCollectionNamesList([...collections]);
        call.setNoPrivateReads(noPrivateReads);
        return call;
      }),
    );
    return interest;
  };
  const endorsers = (...calls: readonly Call[]) =>
    on('probes', (query) => {
      const asked = new discovery.ChaincodeQuery();
      asked.setInterestsList([interestOf(...calls)]);
      query.setCcQuery(asked);
    });
  const peers = (...calls: readonly Call[]) =>
    on('probes', (query) => {
      const asked = new discovery.PeerMembershipQuery();
      if (calls.length > 0) asked.setFilter(interestOf(...calls));
      query.setPeerQuery(asked);
    });

  const described = (peer: discovery.Peer) => {
    const read = (envelope: gossip.Envelope | undefined) =>
      gossip.GossipMessage.deserializeBinary(envelope!.getPayload_asU8());
    const state = peer.getStateInfo();
    return {
      endpoint: read(peer.getMembershipInfo()).getAliveMsg()?.getMembership()?.getEndpoint(),
      height: state === undefined ? undefined : read(state).getStateInfo()?.getProperties()?.getLedgerHeight(),
      chaincodes:
        state === undefined
          ? []
          : (read(state).getStateInfo()?.getProperties()?.getChaincodesList() ?? [])
              .map((each) => `${each.getName()} ${each.getVersion()}`)
              .sort(),
    };
  };
  const known = (result: Result) => {
    const found: Record<string, ReturnType<typeof described>[]> = {};
    result
      .getMembers()
      ?.getPeersByOrgMap()
      .forEach((list: discovery.Peers, mspId: string) => {
        found[mspId] = list.getPeersList().map(described);
      });
    return found;
  };
  /** The organizations of each layout, whatever its groups are called. */
  const layouts = (result: Result): string[] => {
    const [descriptor] = result.getCcQueryRes()?.getContentList() ?? [];
    const groups = descriptor?.getEndorsersByGroupsMap();
    const organizationOf = (group: string) =>
      groups
        ?.get(group)
        ?.getPeersList()
        .map((peer: discovery.Peer) =>
          members.find((mspId) => Buffer.from(peer.getIdentity_asU8()).includes(`\n\x01${mspId}`)),
        )
        .join('|');
    return (descriptor?.getLayoutsList() ?? [])
      .map((layout) => {
        const taken: string[] = [];
        layout.getQuantitiesByGroupMap().forEach((count: number, group: string) => {
          taken.push(`${organizationOf(group)}x${count}`);
        });
        return taken.sort().join(' ');
      })
      .sort();
  };

  test('tells the organizations of a channel and where its orderers are', async () => {
    const result = await ask(on('probes', (query) => query.setConfigQuery(new discovery.ConfigQuery())));
    const config = result.getConfigResult()!;
    expect([...config.getMspsMap().keys()].sort()).toEqual([...members]);
    expect(config.getMspsMap().get('B')!.getName()).toBe('B');
    expect(config.getMspsMap().get('B')!.getFabricNodeOus()?.getEnable()).toBe(true);
    expect([...config.getOrderersMap().keys()].sort()).toEqual([...members]);
    expect(config.getOrderersMap().get('A')!.getEndpointList()[0]!.getHost()).toBe('127.0.0.1');
  });

  test('tells the peers of a channel, with their blocks and chaincodes', async () => {
    const found = known(await ask(peers()));
    expect(Object.keys(found).sort()).toEqual([...members]);
    for (const mspId of members) {
      const [peer, ...others] = found[mspId]!;
      expect(others).toEqual([]);
      expect(peer!.endpoint).toMatch(/:\d+$/);
      expect(peer!.height).toBeGreaterThan(0);
      expect(peer!.chaincodes).toEqual(expect.arrayContaining(['_lifecycle 1', 'any 1', 'down 1', 'probe 1']));
    }
    const filtered = known(await ask(peers({ name: 'any', collections: ['ab'] })));
    expect(
      Object.entries(filtered)
        .map(([mspId, list]) => `${mspId} ${list.length}`)
        .sort(),
    ).toEqual(['A 1', 'B 1', 'C 0']);
    expect(error(await ask(peers({ name: 'nosuch' })))).toBe(
      'No metadata was found for chaincode nosuch in channel probes',
    );
  });

  test("computes the endorsers from the chaincode's policy, its collections, and what it calls", async () => {
    expect(layouts(await ask(endorsers({ name: 'probe' })))).toEqual(['Ax1 Bx1', 'Ax1 Cx1', 'Bx1 Cx1']);
    expect(layouts(await ask(endorsers({ name: 'any' })))).toEqual(['Ax1', 'Bx1', 'Cx1']);
    expect(layouts(await ask(endorsers({ name: 'any', collections: ['ab'] })))).toEqual(['Ax1', 'Bx1']);
    expect(layouts(await ask(endorsers({ name: 'any', collections: ['brief'], noPrivateReads: true })))).toEqual([
      'Ax1',
      'Bx1',
      'Cx1',
    ]);
    expect(layouts(await ask(endorsers({ name: 'any' }, { name: 'probe' })))).toEqual([
      'Ax1 Bx1',
      'Ax1 Cx1',
      'Bx1 Cx1',
    ]);
  });

  test('says what nobody can endorse, and what it was not asked well', async () => {
    const why = async (...calls: readonly Call[]) => error(await ask(endorsers(...calls)));
    const { printed } = differences[consortium().generation];
    const failed = (fields: string) => `failed constructing descriptor for ${printed(fields)}`;
    expect(await why({ name: 'nosuch' })).toBe(failed('name:"nosuch"'));
    expect(await why({ name: 'probe', collections: ['onlyA'] })).toBe(failed('name:"probe" collection_names:"onlyA"'));
    expect(await why({ name: 'any', collections: ['none'] })).toBe(failed('name:"any" collection_names:"none"'));
    expect(await why({ name: '' })).toBe('chaincode name in interest cannot be empty');
    expect(await why()).toBe('chaincode interest must contain at least one chaincode');
    const nothing = on('probes', (query) => query.setCcQuery(new discovery.ChaincodeQuery()));
    expect(error(await ask(nothing))).toBe('chaincode query must have at least one chaincode interest');
    expect(error(await ask(on('probes', () => {})))).toBe('unknown or missing request type');
  });

  test('tells the peers that it knows of to an admin of its own organization', async () => {
    const local = on('', (query) => query.setLocalPeers(new discovery.LocalPeerQuery()));
    expect(Object.keys(known(await ask(local))).sort()).toEqual([...members]);
    expect(error(await ask(local, consortium().peer('A', 'gateway')))).toBe('access denied');
    expect(error(await ask(local, consortium().peer('A', 'admin', 'B')))).toBe('access denied');
  });

  test('answers members of the channel only, and says nothing of channels that it has not joined', async () => {
    const asked = peers();
    expect(error(await ask(asked, consortium().peer('A', 'gateway', 'B')))).toBeUndefined();
    const { signatory, ...peer } = consortium().peer('A');
    const forged = { ...peer, signatory: { ...signatory, sign: () => randomBytes(70) } };
    expect(error(await ask(asked, forged))).toBe('access denied');
    expect(error(await ask(on('nochan', (query) => query.setConfigQuery(new discovery.ConfigQuery()))))).toBe(
      'access denied',
    );
  });

  test('refuses requests that are none', async () => {
    const { client } = consortium().peer('A');
    const refused = async (request: Uint8Array) => {
      const { code, text } = await answerTo(client, path, request);
      return `${status[code]} ${text.replace(/\s+/g, ' ')}`;
    };
    expect(await refused(Buffer.alloc(0))).toBe('UNKNOWN access denied, no authentication info in request');
    const unnamed = new discovery.Request();
    unnamed.setAuthentication(new discovery.AuthInfo());
    expect(await refused(field(1, unnamed.serializeBinary()))).toBe(
      "UNKNOWN access denied, client identity wasn't supplied",
    );
    expect(await refused(field(1, Buffer.from([0xff, 0xff])))).toMatch(
      /^UNKNOWN failed parsing request: .*proto: cannot parse invalid wire-format data$/,
    );
  });
}
