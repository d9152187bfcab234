import { createPrivateKey, randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import {
  type CatalogueCard,
  canonicalBytes,
  canonicalJson,
  cardCommitment,
  type DatasetTerms,
  idFrom,
} from '@d-cloud/chaincode/domain';
import { readCredentials } from '@d-cloud/gateway/cli';
import type { NetworkKind } from '@d-cloud/gateway/supervisor';
import { openConnection, signLowS } from '@d-cloud/network/ledger';
import { connect, hash } from '@hyperledger/fabric-gateway';
import { type Figure, figure, quantile } from './figure.ts';
import { RunningNetwork } from './running-network.ts';

const someDigest = () => randomBytes(32).toString('hex');
const rounds = 12;
const asksEach = 60;
const writesEach = 8;
const purpose = 'dpv:ResearchAndDevelopment';
const terms: DatasetTerms = { access: 'granted', purposes: [purpose] };
const cardText = { title: 'Bench', description: '', keywords: [], licence: 'CC0-1.0' };
/** About no version there is: the answer is a refusal, and as much work as a yes. */
const question = { version: `vers_${'a'.repeat(26)}`, purpose, action: 'read' };

/** What the gateway adds to an evaluation and to a submit over a bare fabric-gateway client, on the embedded network. */
export const measure = (say: (text: string) => void): Promise<readonly Figure[]> =>
  gatewayOverhead({ kind: 'embedded' }, say);

/** The same call by a bare fabric-gateway client and by REST, in alternating rounds on one running network, median against median. */
export async function gatewayOverhead(kind: NetworkKind, say: (text: string) => void): Promise<readonly Figure[]> {
  say(`starting a whole ${kind.kind} network …`);
  await using network = await RunningNetwork.start(kind);
  const bare = await bareClient(network.directory);
  const rest = await restCaller(network.directory);
  try {
    const asked = await alternately(asksEach, bare.ask, rest.ask);
    const wrote = await alternately(writesEach, bare.write, rest.write);
    const on = kind.kind === 'real' ? 'on real Fabric' : 'on the embedded ledger';
    return [
      ...figures(`an evaluation ${on}`, asked, { says: '≤ 3', holds: (added) => added <= 3 }),
      ...figures(`a submit ${on}`, wrote),
    ];
  } finally {
    bare.close();
    rest.close();
  }
}

type Both = { readonly bare: number; readonly rest: number };

function figures(
  what: string,
  { bare, rest }: Both,
  bar?: { says: string; holds: (added: number) => boolean },
): Figure[] {
  const added = rest - bare;
  return [
    figure(`p50 of ${what} by a bare fabric-gateway client`, 'ms', bare),
    figure(`p50 of the same by REST`, 'ms', rest),
    figure(`added by the gateway to ${what}, p50`, 'ms', added, bar && { says: bar.says, holds: bar.holds(added) }),
  ];
}

/** Medians in milliseconds; the first round of each side warms up. */
async function alternately(callsEach: number, bare: () => Promise<void>, rest: () => Promise<void>): Promise<Both> {
  const samples = { bare: [] as number[], rest: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, act] of [['bare', bare] as const, ['rest', rest] as const]) {
      for (let call = 0; call < callsEach; call++) {
        const began = performance.now();
        await act();
        if (round > 0) samples[name].push(performance.now() - began);
      }
    }
  }
  return { bare: quantile(samples.bare, 0.5), rest: quantile(samples.rest, 0.5) };
}

interface Calls {
  ask(): Promise<void>;
  write(): Promise<void>;
  close(): void;
}

/** fabric-gateway's own client with nothing around it: Alder's data team, its own peer. */
async function bareClient(directory: string): Promise<Calls> {
  const config = JSON.parse(
    await readFile(join(directory, 'organizations', 'alder', 'gateway', 'config.json'), 'utf8'),
  );
  const { certificate, key } = config.ledger.identities['data-team'];
  const { mspId } = config.organization;
  const client = openConnection({
    address: config.ledger.address,
    tlsRoots: [await readFile(config.ledger.tlsRoot, 'utf8')],
  });
  const privateKey = createPrivateKey(await readFile(key, 'utf8'));
  const gateway = connect({
    client,
    identity: { mspId, credentials: await readFile(certificate) },
    signer: async (message) => signLowS(privateKey, message),
    hash: hash.none,
  });
  const contract = gateway.getNetwork(config.channel).getContract(config.chaincode);
  return {
    async ask() {
      await contract
        .evaluate('grant:check', { arguments: [canonicalJson(question)], endorsingOrganizations: [mspId] })
        .catch(() => undefined);
    },
    async write() {
      const id = idFrom('dset', randomBytes(16));
      const salt = someDigest();
      const card: CatalogueCard = { v: 1, dataset: id, salt, ...cardText };
      const body = { id, modality: 'documents', terms, cardCommitment: cardCommitment(card) };
      const stamp = { key: randomUUID(), person: someDigest(), digest: someDigest() };
      await contract.submit('dataset:register', {
        arguments: [canonicalJson(body), canonicalJson(stamp)],
        transientData: { card: canonicalBytes(card) },
      });
    },
    close() {
      gateway.close();
      client.close();
    },
  };
}

/** The same two calls through Alder's gateway. */
async function restCaller(directory: string): Promise<Calls> {
  const { rest, keys } = (await readCredentials(directory)).organizations.alder!;
  const agent = new Agent({ keepAlive: true });
  const authorization = `Bearer ${keys['data-team']}`;
  const post = (path: string, body: object) => {
    const bytes = JSON.stringify(body);
    const headers = {
      authorization,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(bytes),
      'idempotency-key': randomUUID(),
    };
    return new Promise<number>((resolve, reject) => {
      const outgoing = request(`${rest}/v1${path}`, { method: 'POST', agent, headers }, (answer) =>
        answer.resume().once('end', () => resolve(answer.statusCode ?? 0)),
      );
      outgoing.once('error', reject);
      outgoing.end(bytes);
    });
  };
  return {
    async ask() {
      await post('/grants/check', question);
    },
    async write() {
      const status = await post('/datasets', { ...cardText, modality: 'documents', terms });
      if (status !== 201) throw new Error(`registering a dataset answered ${status}`);
    },
    close: () => agent.destroy(),
  };
}
