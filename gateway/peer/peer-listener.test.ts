import { once } from 'node:events';
import { request as httpsRequest } from 'node:https';
import { type MspId, Refusal } from '@d-cloud/chaincode/domain';
import { foundAuthority, issueTls, keyPem } from '@d-cloud/network/admin';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { PeerListener } from './peer-listener.ts';

const now = new Date();

async function organization(name: string) {
  const authority = await foundAuthority(`tlsca.${name}`, name, now);
  const { certificate, key } = await issueTls(authority, { name: 'gateway', hosts: ['127.0.0.1'], now });
  return { root: authority.certificate, certificate, key: keyPem(key) };
}

test('a body is not read before its sender has been admitted', async () => {
  const [alder, birch] = await Promise.all([organization('alder'), organization('birch')]);
  const admitted: string[] = [];
  await using listener = await PeerListener.open({
    host: '127.0.0.1',
    port: 0,
    ...alder,
    roots: [
      { organization: 'AlderMSP' as MspId, certificate: alder.root },
      { organization: 'BirchMSP' as MspId, certificate: birch.root },
    ],
    log: pino({ level: 'silent' }),
    routes: [
      {
        method: 'PUT',
        path: '/v1/large/:name',
        bodyBytes: 64 * 1024 * 1024,
        admit: ({ caller, params }) => {
          admitted.push(`${caller.organization} ${caller.name} ${params.name}`);
          throw new Refusal('PARTITION_NOT_FOUND', 'not yours');
        },
        answer: async () => ({ status: 204 }),
      },
    ],
  });
  const outgoing = httpsRequest({
    host: '127.0.0.1',
    port: listener.port,
    path: '/v1/large/a',
    method: 'PUT',
    headers: { 'content-length': 64 * 1024 * 1024 },
    agent: false,
    ca: alder.root,
    cert: birch.certificate,
    key: birch.key,
  });
  outgoing.on('error', () => undefined);
  // Its headers go out; its body never comes.
  outgoing.flushHeaders();
  const [answer] = await once(outgoing, 'response');
  expect(answer.statusCode).toBe(404);
  expect(admitted).toEqual(['BirchMSP gateway a']);
  answer.resume();
  outgoing.destroy();
});
