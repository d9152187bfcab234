import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  broadcast,
  type ConfigEdit,
  type ConsortiumMember,
  channelInfo,
  fetchBlock,
  fetchConfigBlock,
  foundConsortium,
  type Identity,
  keyPem,
  type OrdererAdmin,
  type OrdererConnection,
  openChannel,
  type PeerConnection,
  proposeChange,
  signChange,
  submitChange,
} from '../../../admin/index.ts';
import { openConnection } from '../../../ledger/connection.ts';
import { signatory } from '../../../ledger/identity.ts';
import { type LedgerConfig, type RunningLedger, startLedger } from '../index.ts';
import { Block, ChannelHeader, Envelope, HeaderType, Payload, SignatureHeader } from '../wire/envelope.ts';

const names = ['A', 'B', 'C', 'D'] as const;
export type Name = (typeof names)[number];

/** An embedded ledger with the peers and orderers of four organizations, that begins without any channel. */
export class ChannelWorld implements AsyncDisposable {
  readonly directory: string;
  readonly config: LedgerConfig;
  readonly #members: ReadonlyMap<Name, ConsortiumMember>;
  readonly #clients: { close(): void }[] = [];
  #ledger: RunningLedger | undefined;
  #elsewhere: Pick<RunningLedger, 'addresses' | 'orderers'> | undefined;

  private constructor(directory: string, members: ReadonlyMap<Name, ConsortiumMember>) {
    this.directory = directory;
    this.#members = members;
    this.config = {
      dataDirectory: join(directory, 'ledger'),
      organizations: names.map((name) => this.#organization(name)),
      chaincodes: [],
    };
  }

  static async start(): Promise<ChannelWorld> {
    const directory = await mkdtemp(join(tmpdir(), 'ledger-channels-'));
    const { members } = await found(directory, 'founding', names);
    const world = new ChannelWorld(directory, new Map(names.map((name, i) => [name, members[i]!])));
    await world.begin();
    return world;
  }

  get ledger(): Pick<RunningLedger, 'addresses' | 'orderers'> {
    return this.#elsewhere ?? this.#ledger!;
  }

  /** Speaks to a ledger that another process runs. */
  at(elsewhere: Pick<RunningLedger, 'addresses' | 'orderers'>): void {
    this.#elsewhere = elsewhere;
  }

  /** Closes what was opened to it. */
  forget(): void {
    for (const client of this.#clients.splice(0)) client.close();
    this.#elsewhere = undefined;
  }

  /** Starts the ledger, perhaps with other words in its configuration. */
  async begin(change: Partial<LedgerConfig> = {}): Promise<void> {
    this.#ledger = await startLedger({ ...this.config, ...change });
  }

  /** Stops the ledger and closes what was opened to it. */
  async end(): Promise<void> {
    this.forget();
    await this.#ledger?.[Symbol.asyncDispose]();
    this.#ledger = undefined;
  }

  /** The first block of a new channel of these organizations, made once per name; its path is told too. */
  async genesis(channel: string, members: readonly Name[] = ['A', 'B', 'C']): Promise<Buffer> {
    const { genesisBlock } = await found(this.directory, channel, members);
    return Buffer.from(genesisBlock);
  }

  identity(name: Name, who: string): Identity {
    return this.#members.get(name)!.identities.get(who)!;
  }

  member(name: Name): ConsortiumMember {
    return this.#members.get(name)!;
  }

  participation(name: Name, caller: Name = name): OrdererAdmin {
    const { tls } = this.identity(caller, 'admin');
    return {
      address: this.ledger.orderers[name]!.adminAddress,
      tlsServerName: 'localhost',
      tlsRoots: [this.identity(name, 'orderer').tlsRoot],
      certificate: tls.certificate,
      key: keyPem(tls.key),
    };
  }

  orderer(name: Name, caller: Name = name, who = 'admin'): OrdererConnection {
    return this.#connect(`${name}'s orderer`, this.ledger.orderers[name]!.address, name, caller, who);
  }

  peer(name: Name, caller: Name = name, who = 'admin'): PeerConnection {
    return this.#connect(`${name}'s peer`, this.ledger.addresses[name]!, name, caller, who);
  }

  /** A signed envelope that orderers take and peers find invalid: enough to see a channel grow. */
  envelope(channelId: string, name: Name, { type = HeaderType.ENDORSER_TRANSACTION as number } = {}): Buffer {
    const { creator, sign } = this.#signatory(name, 'admin');
    const payload = Payload.encode({
      header: {
        channelHeader: ChannelHeader.encode({ type, channelId, timestamp: { seconds: Date.now() / 1000 } }),
        signatureHeader: SignatureHeader.encode({ creator, nonce: randomBytes(24) }),
      },
      data: randomBytes(16),
    });
    return Envelope.encode({ payload, signature: sign(payload) });
  }

  /** Lets the orderers and peers of these organizations join a channel, and gives its first block. */
  async open(channel: string, members: readonly Name[] = ['A', 'B', 'C']): Promise<Buffer> {
    const genesisBlock = await this.genesis(channel, members);
    await openChannel({
      genesisBlock,
      orderers: members.map((name) => this.participation(name)),
      watch: this.orderer(members[0]!),
      peers: members.map((name) => this.peer(name)),
    });
    return genesisBlock;
  }

  async height(channel: string, name: Name = 'A'): Promise<number | undefined> {
    return (await channelInfo(this.participation(name), channel))?.height;
  }

  /** Sends an envelope and waits for its block, which the orderer delivers. */
  async grow(channel: string, name: Name = 'A'): Promise<Block> {
    const next = (await this.height(channel, name))!;
    await broadcast(this.orderer(name), this.envelope(channel, name));
    return this.#delivered(channel, name, next);
  }

  /** Changes a channel's configuration with the signatures of these organizations' admins, and waits for its block. */
  async change(channel: string, edit: ConfigEdit, signers: readonly Name[]): Promise<Block> {
    const orderer = this.orderer(signers[0]!);
    const config = await fetchConfigBlock(orderer, channel);
    const next = (await this.height(channel, signers[0]))!;
    const versions = { lowest: '2.5' } as const;
    let proposal = proposeChange(config, edit, 'a test', versions);
    for (const name of signers) proposal = signChange(proposal, config, this.#signatory(name, 'admin'), versions);
    await submitChange(proposal, config, orderer, versions);
    return this.#delivered(channel, signers[0]!, next);
  }

  async #delivered(channel: string, name: Name, number: number): Promise<Block> {
    for (;;) {
      try {
        return Block.decode(await fetchBlock(this.orderer(name), channel, number));
      } catch (cause) {
        if (!(cause as Error).message.endsWith('NOT_FOUND')) throw cause;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await rm(this.directory, { recursive: true, force: true });
  }

  #signatory(name: Name, who: string) {
    const { signer, mspId } = this.identity(name, who);
    return signatory({ mspId, certificate: signer.certificate, privateKey: signer.key });
  }

  #connect(what: string, address: string, name: Name, caller: Name, who: string) {
    const client = openConnection({ address, tlsRoots: [this.identity(name, 'orderer').tlsRoot] });
    this.#clients.push(client);
    return { client, signatory: this.#signatory(caller, who), name: what };
  }

  #organization(name: Name): LedgerConfig['organizations'][number] {
    const { organization } = this.member(name);
    const signing = (who: string) => {
      const { mspDirectory } = this.identity(name, who);
      return {
        certificate: join(mspDirectory, 'signcerts', 'cert.pem'),
        key: join(mspDirectory, 'keystore', 'priv_sk'),
      };
    };
    const tls = (who: string) => {
      const { tlsDirectory } = this.identity(name, who);
      return { certificate: join(tlsDirectory, 'cert.pem'), key: join(tlsDirectory, 'key.pem') };
    };
    const clientRoots = join(this.identity(name, 'orderer').tlsDirectory, 'ca.pem');
    const anywhere = '127.0.0.1:0';
    return {
      mspId: organization.mspId,
      address: anywhere,
      tls: tls('peer'),
      ...signing('peer'),
      rootCertificates: join(this.identity(name, 'peer').mspDirectory, 'cacerts', 'ca.pem'),
      orderer: {
        address: anywhere,
        adminAddress: anywhere,
        ...signing('orderer'),
        tls: { ...tls('orderer'), clientRoots },
      },
    };
  }
}

function found(directory: string, channel: string, members: readonly Name[]) {
  const organizations = members.map((mspId) => ({
    name: mspId.toLowerCase(),
    mspId,
    ordererEndpoint: `localhost:${7050 + names.indexOf(mspId)}`,
  }));
  return foundConsortium({ directory, channel, organizations, now: new Date() });
}
