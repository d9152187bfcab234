import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { ApplicationPolicy } from '../../ledger/messages/index.ts';
import { signatureText } from '../config/policies.ts';
import { definitionArgs } from './definition.ts';
import type { ChaincodeDefinition } from './definition-schema.ts';
import { ApproveArgs, CollectionPackage, DefinitionArgs, ReadinessResult } from './messages.ts';
import { packageChaincode } from './package.ts';

const definition: ChaincodeDefinition = { channel: 'consortium', name: 'dcloud', version: '1', sequence: 1 };

describe('a chaincode package', () => {
  test('has the id that real peers gave it, on every machine', () => {
    expect(packageChaincode('a_1').packageId).toBe(
      'a_1:f46972422625c642e973975147b3a932d1c1b425c33ebcd0b3e71ceacd1980ed',
    );
  });

  test('carries neither address nor key', () => {
    const archive = gunzipSync(packageChaincode('dcloud_2').bytes);
    expect(archive.subarray(0, 13).toString()).toBe('metadata.json');
    expect(archive.toString('latin1')).toContain('{"path":"","type":"ccaas","label":"dcloud_2"}');
    expect(archive.toString('latin1')).not.toMatch(/PRIVATE KEY|client_key/);
  });

  test.each(['', 'a b', '-a', 'a/b', 'a..b'])('cannot be labelled %p', (label) => {
    expect(() => packageChaincode(label)).toThrow('cannot label a chaincode');
  });
});

describe('a definition', () => {
  test('is endorsed by the majority unless it says otherwise', () => {
    const { validationParameter } = definitionArgs(definition);
    expect(ApplicationPolicy.decode(validationParameter).channelConfigPolicyReference).toBe(
      '/Channel/Application/Endorsement',
    );
    const both = { kind: 'signatures', rule: "AND('A.peer','B.peer')" } as const;
    const own = ApplicationPolicy.decode(definitionArgs({ ...definition, endorsement: both }).validationParameter);
    expect(signatureText(own.signaturePolicy!)).toBe(both.rule);
  });

  test('says the same when it is approved as when it is committed', () => {
    const args = definitionArgs(definition);
    const approved = ApproveArgs.decode(ApproveArgs.encode({ ...args, source: { local: { packageId: 'x:1' } } }));
    expect(DefinitionArgs.encode(approved)).toEqual(DefinitionArgs.encode(args));
  });

  test('carries its collections', () => {
    const members = { name: 'catalogue', members: ['A', 'B'], requiredPeerCount: 0, maximumPeerCount: 2 };
    const collections = [{ ...members, blockToLive: 0, memberOnlyRead: true, memberOnlyWrite: true }];
    const [found] = CollectionPackage.decode(definitionArgs({ ...definition, collections }).collections!).collections;
    expect(found!.collection).toMatchObject({ name: 'catalogue', maximumPeerCount: 2, memberOnlyRead: true });
    expect(signatureText(found!.collection!.members!.signaturePolicy!)).toBe("OR('A.member','B.member')");
  });

  test('reads who approved, also those who did not', () => {
    const bytes = ReadinessResult.encode({ approvals: [{ key: 'A', value: true }, { key: 'B' }] });
    expect(ReadinessResult.decode(bytes).approvals).toEqual([
      { key: 'A', value: true },
      { key: 'B', value: false },
    ]);
  });
});
