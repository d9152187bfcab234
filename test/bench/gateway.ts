import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { canonicalJson, readRefusal } from '@d-cloud/chaincode/domain';
import { readCredentials } from '@d-cloud/gateway/cli';
import { connectLedger } from '@d-cloud/network/ledger';
import { type Figure, figure, quantile } from './figure.ts';
import { RunningNetwork } from './running-network.ts';

const rounds = 12;
const callsEach = 60;

/** What a REST call that evaluates adds over the same call made directly with the ledger client, in alternating rounds. */
export async function measure(say: (text: string) => void): Promise<readonly Figure[]> {
  say('starting a network …');
  await using network = await RunningNetwork.start();
  const credentials = await readCredentials(network.directory);
  const alder = credentials.organizations.alder!;
  const home = join(network.directory, 'organizations', 'alder');
  const config = JSON.parse(await readFile(join(home, 'gateway', 'config.json'), 'utf8'));
  const pem = (path: string) => readFile(path, 'utf8');
  const { certificate, key } = config.ledger.identities['data-team'];
  await using ledger = connectLedger({
    peerAddress: config.ledger.address,
    tlsRoots: [await pem(config.ledger.tlsRoot)],
    identity: { mspId: alder.mspId, certificate: await pem(certificate), privateKey: await pem(key) },
    channel: credentials.channel,
    chaincode: 'dcloud',
    readRefusal,
  });
  const body = { version: `vers_${'a'.repeat(26)}`, purpose: 'dpv:ResearchAndDevelopment', action: 'read' };
  const direct = () =>
    ledger
      .evaluate('grant:check', [canonicalJson(body)], { endorsingOrganizations: [alder.mspId] })
      .catch(() => undefined);
  const agent = new Agent({ keepAlive: true });
  const rest = () => post(agent, `${alder.rest}/v1/grants/check`, alder.keys['data-team']!, JSON.stringify(body));
  const samples = { direct: [] as number[], rest: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, act] of [
      ['direct', direct],
      ['rest', rest],
    ] as const) {
      for (let call = 0; call < callsEach; call++) {
        const began = performance.now();
        await act();
        if (round > 0) samples[name].push(performance.now() - began);
      }
    }
  }
  agent.destroy();
  const [direct50, rest50] = [quantile(samples.direct, 0.5), quantile(samples.rest, 0.5)];
  const added = rest50 - direct50;
  return [
    figure('p50 of an evaluation by the ledger client', 'ms', direct50),
    figure('p50 of the same by REST', 'ms', rest50),
    figure('added by REST at p50', 'ms', added, { says: '≤ 3', holds: added <= 3 }),
  ];
}

function post(agent: Agent, url: string, apiKey: string, body: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      'content-length': body.length,
    };
    const outgoing = request(url, { method: 'POST', agent, headers }, (answer) => answer.resume().once('end', resolve));
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
