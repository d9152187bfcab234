import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CatalogueCard,
  cardCommitment,
  type DatasetRecord,
  type DomainEvent,
  type ErasureRecord,
  type GrantRecord,
  idFrom,
  type MspId,
  sha256,
  type VersionId,
  type VersionRecord,
} from '@d-cloud/chaincode/domain';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { ChannelBlock, ChannelTransaction } from './channel-block.ts';
import { openProjection, type Projection } from './projection.ts';

const [alder, birch, cedar] = ['AlderMSP', 'BirchMSP', 'CedarMSP'] as MspId[] as [MspId, MspId, MspId];
const id = <K extends 'dset' | 'vers' | 'grnt' | 'eras'>(kind: K, n: number) =>
  idFrom(kind, new Uint8Array(16).fill(n));

function cardOf(n: number, title: string): CatalogueCard {
  return {
    v: 1,
    dataset: id('dset', n),
    salt: '00'.repeat(16),
    title,
    description: '',
    keywords: ['forest'],
    licence: 'CC0-1.0',
  };
}
function dataset(n: number, card: CatalogueCard, state: DatasetRecord['state'] = 'active'): DatasetRecord {
  const terms = { access: 'granted', purposes: ['dpv:AcademicResearch'] } as const;
  return {
    v: 1,
    id: id('dset', n),
    owner: alder,
    modality: 'images',
    terms,
    cardCommitment: cardCommitment(card),
    epoch: 1,
    state,
    versions: 0,
  };
}
function version(n: number, parents: readonly number[] = [], ofDataset = 1): VersionRecord {
  const hash = sha256('');
  return {
    v: 1,
    id: id('vers', n),
    dataset: id('dset', ofDataset),
    owner: alder,
    number: n,
    manifestCommitment: hash,
    contentRoot: hash,
    schemaHash: hash,
    rows: 1,
    segmentRows: [1],
    sizeClass: '1024',
    epoch: 1,
    origin: { parents: parents.map((parent) => id('vers', parent)) },
  };
}
function grant(n: number, grantee: MspId): GrantRecord {
  const terms = { actions: ['read'], purposes: [], versions: [], models: [], executors: [] } as const;
  return { v: 1, id: id('grnt', n), dataset: id('dset', 1), owner: alder, grantee, state: 'issued', terms, note: '' };
}

/** A channel that grows as the test says. */
class Channel {
  readonly blocks: ChannelBlock[] = [];
  readonly #grown = new EventTarget();
  readonly #name: string;

  constructor(name = 'dcloud') {
    this.#name = name;
    this.add();
  }

  add(...transactions: (Partial<ChannelTransaction> & { readonly events: readonly DomainEvent[] })[]): number {
    const number = this.blocks.length;
    this.blocks.push({
      number,
      hash: sha256(`${this.#name}${number}`),
      previousHash: this.blocks.at(-1)?.hash ?? '',
      transactions: transactions.map((transaction, index) => ({
        id: sha256(`${this.#name}-${number}-${index}`),
        index,
        creator: alder,
        function: 'dataset:register',
        validation: 'VALID',
        time: '2026-01-31T12:00:00.000Z',
        ...transaction,
      })),
    });
    this.#grown.dispatchEvent(new Event('grown'));
    return number;
  }

  async *read({
    startBlock,
    signal,
  }: {
    readonly startBlock: number;
    readonly signal: AbortSignal;
  }): AsyncGenerator<ChannelBlock> {
    for (let next = startBlock; ; next++) {
      while (this.blocks[next] === undefined) await once(this.#grown, 'grown', { signal });
      yield this.blocks[next]!;
    }
  }
}

describe('the read model', () => {
  let directory: string;
  let channel: Channel;
  const cards = new Map<string, CatalogueCard>();
  const open = (organization = alder, of = channel, file = 'index.sqlite'): Projection =>
    openProjection({
      file: join(directory, file),
      organization,
      blocks: (request) => of.read(request),
      height: async () => of.blocks.length,
      async card(wanted) {
        const card = cards.get(wanted);
        if (card === undefined) throw new Error('not here yet');
        return card;
      },
      log: pino({ level: 'silent' }),
    });

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'projection-'));
    channel = new Channel();
    cards.clear();
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  function registerDatasets(count: number): void {
    for (let n = 1; n <= count; n++) {
      const card = cardOf(n, n % 2 === 0 ? `Birds of Müritz ${n}` : `Trees ${n}`);
      cards.set(card.dataset, card);
      channel.add({ events: [{ kind: 'dataset.registered', dataset: dataset(n, card) }] });
    }
  }

  test('shows a record with the block and transaction that last wrote it', async () => {
    registerDatasets(1);
    const block = channel.add({
      events: [{ kind: 'dataset.retired', dataset: dataset(1, cardOf(1, 'Trees 1'), 'retired') }],
    });
    await using projection = open();
    await projection.waitFor(block);
    const recorded = projection.get('dataset', id('dset', 1));
    expect(recorded).toMatchObject({
      block,
      transaction: channel.blocks[block]?.transactions[0]?.id,
      record: { state: 'retired' },
    });
  });

  test('knows who belongs to the channel from its config blocks, and goes on past them', async () => {
    const configured = (sequence: number, ...members: readonly string[]) => {
      const block = channel.add({ events: [], function: '', creator: 'OrdererMSP' });
      const applicationMsps = new Map(members.map((mspId) => [mspId, {} as never]));
      channel.blocks[block] = { ...channel.blocks[block]!, configuration: { sequence, applicationMsps } };
      return block;
    };
    configured(1, 'BirchMSP', 'AlderMSP');
    await using projection = open();
    await projection.waitFor(1);
    expect(projection.get('channel', 'channel')?.record.members).toEqual(['AlderMSP', 'BirchMSP']);
    const added = configured(2, 'AlderMSP', 'BirchMSP', 'DogwoodMSP');
    registerDatasets(1);
    await projection.waitFor(added + 1);
    expect(projection.get('channel', 'channel')).toMatchObject({
      block: added,
      record: { sequence: 2, members: ['AlderMSP', 'BirchMSP', 'DogwoodMSP'] },
    });
    expect(projection.get('dataset', id('dset', 1))).toBeDefined();
  });

  test('shows that the grants, nodes and datasets of an organization that left have ended, with the transaction that ended them', async () => {
    registerDatasets(1);
    channel.add({ events: [{ kind: 'grant.issued', grant: grant(1, birch) }] });
    channel.add({ events: [{ kind: 'grant.issued', grant: grant(2, cedar) }] });
    const node = { v: 1, id: idFrom('stor', new Uint8Array(16)), organization: birch, host: 'h', disk: 'd' } as const;
    channel.add({
      events: [{ kind: 'storage-node.registered', node: { ...node, capacityBytes: '1', state: 'active' } }],
    });
    const organization = {
      v: 1,
      mspId: birch,
      name: 'Birch',
      gatewayAddress: 'https://b:1',
      agreementKeys: [],
    } as const;
    const left = { ...organization, left: { reason: 'x', by: [birch] } };
    const block = channel.add({ events: [{ kind: 'organization.left', organization: left }] });
    await using projection = open();
    await projection.waitFor(block);
    const transaction = channel.blocks[block]!.transactions[0]!.id;
    expect(projection.get('grant', id('grnt', 1))).toMatchObject({ block, transaction, record: { state: 'revoked' } });
    expect(projection.get('grant', id('grnt', 2))?.record.state).toBe('issued');
    expect(projection.get('dataset', id('dset', 1))?.record.state).toBe('active');
    expect(projection.list('storage-node', { state: 'left' }).items).toMatchObject([
      { block, record: { id: node.id } },
    ]);
    expect(projection.get('organization', birch)?.record.left).toEqual({ reason: 'x', by: [birch] });
  });

  test('finds datasets by the beginnings of words on their cards, whatever the query holds', async () => {
    registerDatasets(4);
    await using projection = open();
    await projection.waitFor(4);
    const found = (text: string) => projection.searchDatasets({ text }).items.map(({ record }) => record.id);
    expect(found('muritz bir')).toEqual([id('dset', 4), id('dset', 2)]);
    expect(found('forest')).toHaveLength(4);
    expect(found('tiger')).toEqual([]);
    for (const hostile of ['"', 'a OR b', 'NEAR(', "'; DROP TABLE record; --", '*', '-', 'title:x'])
      expect(() => found(hostile)).not.toThrow();
    expect(projection.searchDatasets({}).items).toHaveLength(4);
  });

  test('asks again for a card that had not arrived, and refuses one that is not the committed one', async () => {
    const card = cardOf(1, 'Trees');
    cards.set(card.dataset, { ...card, title: 'Swapped' });
    channel.add({ events: [{ kind: 'dataset.registered', dataset: dataset(1, card) }] });
    await using projection = open();
    await projection.waitFor(1);
    expect(projection.card(card.dataset)).toBeUndefined();
    cards.set(card.dataset, card);
    const other = cardOf(2, 'Birds');
    cards.set(other.dataset, other);
    channel.add({ events: [{ kind: 'dataset.registered', dataset: dataset(2, other) }] });
    await projection.waitFor(2);
    expect(projection.card(card.dataset)?.title).toBe('Trees');
  });

  test('an erasure marks its versions, keeps their lineage and takes the card out of the catalogue, in a rebuild too', async () => {
    registerDatasets(2);
    for (const n of [1, 2, 3])
      channel.add({ events: [{ kind: 'dataset.version-published', version: version(n, n === 3 ? [1, 2] : []) }] });
    await using before = open();
    await before.waitFor(5);
    const erasure: ErasureRecord = {
      v: 1,
      id: id('eras', 1),
      owner: alder,
      dataset: id('dset', 1),
      versions: [id('vers', 1), id('vers', 2)],
      whole: true,
      reason: 'asked for',
      derived: [id('vers', 3)],
      state: 'requested',
    };
    const marked = { ...dataset(1, cardOf(1, 'Trees 1'), 'retired'), erasure: erasure.id, erased: 2, versions: 3 };
    const block = channel.add({ events: [{ kind: 'dataset.erasure-requested', erasure, dataset: marked }] });
    await before.waitFor(block);
    await using rebuilt = open(alder, channel, 'rebuilt.sqlite');
    await rebuilt.waitFor(block);
    for (const projection of [before, rebuilt]) {
      const erased = ({ record }: { record: VersionRecord }) => [record.number, record.erasure];
      expect(projection.list('version', {}, { order: 'oldest' }).items.map(erased)).toEqual([
        [1, erasure.id],
        [2, erasure.id],
        [3, undefined],
      ]);
      expect(projection.get('dataset', marked.id)).toMatchObject({ block, record: marked });
      expect(projection.card(marked.id)).toBeUndefined();
      expect(projection.searchDatasets({ text: 'trees' }).items).toEqual([]);
      expect(projection.lineage(id('vers', 3), { direction: 'upstream', depth: 3 }).items).toHaveLength(2);
    }
    const done = { ...erasure, state: 'erased', certificate: sha256('') } as const;
    await before.waitFor(channel.add({ events: [{ kind: 'dataset.erasure-recorded', erasure: done }] }));
    expect(before.list('erasure', { state: 'erased' }).items).toMatchObject([{ record: done }]);
  });

  test('an invalid transaction has a row and no effect', async () => {
    const event = { kind: 'dataset.registered', dataset: dataset(1, cardOf(1, 'Trees')) } as const;
    channel.add({ events: [event], validation: 'MVCC_READ_CONFLICT', id: 'ab' });
    await using projection = open();
    await projection.waitFor(1);
    expect(projection.get('dataset', event.dataset.id)).toBeUndefined();
    expect(projection.transaction('ab')).toMatchObject({ block: 1, creator: alder, validation: 'MVCC_READ_CONFLICT' });
  });

  test('a grant is shown to its two parties only', async () => {
    channel.add({ events: [{ kind: 'grant.issued', grant: grant(1, birch) }] });
    for (const [organization, shown] of [
      [alder, 1],
      [birch, 1],
      [cedar, 0],
    ] as const) {
      await using projection = open(organization, channel, `${organization}.sqlite`);
      await projection.waitFor(1);
      expect(projection.list('grant').items).toHaveLength(shown);
      expect(projection.list('grant', { everything: true }).items).toHaveLength(1);
    }
  });

  test('pages hold still while the list grows, and a cursor is good for its own list only', async () => {
    registerDatasets(5);
    await using projection = open();
    await projection.waitFor(5);
    const first = projection.searchDatasets({}, { limit: 2 });
    registerDatasets(0);
    const card = cardOf(6, 'New');
    cards.set(card.dataset, card);
    await projection.waitFor(channel.add({ events: [{ kind: 'dataset.registered', dataset: dataset(6, card) }] }));
    const second = projection.searchDatasets({}, { limit: 2, cursor: first.next });
    const third = projection.searchDatasets({}, { limit: 2, cursor: second.next });
    const ids = [first, second, third].flatMap(({ items }) => items.map(({ record }) => record.id));
    expect(ids).toEqual([5, 4, 3, 2, 1].map((n) => id('dset', n)));
    expect(third.next).toBeUndefined();
    for (const cursor of [first.next!, 'x', '', '0'.repeat(64)]) {
      expect(() => projection.searchDatasets({ text: 'trees' }, { cursor })).toThrow(
        expect.objectContaining({ code: 'CURSOR_INVALID' }),
      );
    }
  });

  test('walks lineage up and down, nearest first, each version once, page by page', async () => {
    const published = (v: VersionRecord) =>
      channel.add({ events: [{ kind: 'dataset.version-published', version: v }] });
    for (const v of [version(1), version(2), version(3, [1, 2]), version(4, [3]), version(5, [3, 4])]) published(v);
    await using projection = open();
    await projection.waitFor(5);
    const walk = (from: number, direction: 'upstream' | 'downstream', depth: number) => {
      const edges = [];
      let cursor: string | undefined;
      do {
        const page = projection.lineage(id('vers', from) as VersionId, { direction, depth, limit: 2, cursor });
        edges.push(...page.items);
        cursor = page.next;
      } while (cursor !== undefined);
      return edges.map(({ child, parent, distance }) => [child, parent, distance]);
    };
    const v = (n: number) => id('vers', n);
    expect(walk(5, 'upstream', 32)).toEqual([
      [v(5), v(3), 1],
      [v(5), v(4), 1],
      [v(3), v(1), 2],
      [v(3), v(2), 2],
      [v(4), v(3), 2],
    ]);
    expect(walk(5, 'upstream', 1)).toHaveLength(2);
    expect(walk(1, 'downstream', 32).map(([child]) => child)).toEqual([v(3), v(4), v(5), v(5)]);
  });

  test('goes on where it stopped, and a rebuild from block 0 gives the same rows', async () => {
    registerDatasets(3);
    {
      await using projection = open();
      await projection.waitFor(3);
    }
    channel.add({ events: [{ kind: 'dataset.version-published', version: version(1) }] });
    await using resumed = open();
    await resumed.waitFor(4);
    await using rebuilt = open(alder, channel, 'again.sqlite');
    await rebuilt.waitFor(4);
    expect(resumed.list('dataset')).toEqual(rebuilt.list('dataset'));
    expect(resumed.get('dataset', id('dset', 1))?.record.versions).toBe(1);
  });

  test('refuses another ledger and an offset from the future by name, and shows no new block', async () => {
    registerDatasets(3);
    {
      await using projection = open();
      await projection.waitFor(3);
    }
    const other = new Channel('other');
    for (let n = 0; n < 6; n++) other.add();
    const short = new Channel('dcloud');
    for (const [ledger, trouble] of [
      [other, 'another ledger'],
      [short, 'the own peer has 1 blocks'],
    ] as const) {
      await using projection = open(alder, ledger);
      await expect(projection.waitFor(4, { timeoutMs: 200 })).rejects.toMatchObject({ kind: 'timeout' });
      expect(projection.health).toMatchObject({
        block: 3,
        following: false,
        trouble: expect.stringContaining(trouble),
      });
    }
  });

  test.each([
    ['empty', ''],
    ['torn', 'SQLite format 3\0'.padEnd(9_000, 'x')],
    ['foreign', 'not a database at all'],
  ])('is built again over an %s file', async (_what, bytes) => {
    registerDatasets(2);
    writeFileSync(join(directory, 'index.sqlite'), bytes);
    await using projection = open();
    await projection.waitFor(2);
    expect(projection.list('dataset').items).toHaveLength(2);
  });

  test('events resume after any position, without gap or double', async () => {
    registerDatasets(3);
    await using projection = open();
    await projection.waitFor(3);
    const ending = new AbortController();
    const seen: string[] = [];
    const first = channel.blocks[1]!;
    const watching = (async () => {
      const after = { block: first.number, transaction: 0, index: 0 };
      for await (const { event, block } of projection.events({ after, signal: ending.signal })) {
        seen.push(`${block}:${event.kind}`);
        if (seen.length === 2) channel.add({ events: [{ kind: 'dataset.version-published', version: version(1) }] });
        if (seen.length === 3) ending.abort();
      }
    })();
    await watching;
    expect(seen).toEqual(['2:dataset.registered', '3:dataset.registered', '4:dataset.version-published']);
  });

  test('a newer record stops it by name instead of being misread', async () => {
    channel.add(
      { events: [{ kind: 'grant.issued', grant: grant(2, birch) }] },
      { events: [{ kind: 'grant.issued', grant: { ...grant(1, birch), v: 2 } as unknown as GrantRecord }] },
    );
    await using projection = open();
    await expect(projection.waitFor(1, { timeoutMs: 200 })).rejects.toMatchObject({ kind: 'timeout' });
    expect(projection.health.trouble).toContain('RECORD_TOO_NEW');
    // A block's rows and the offset are written together or not at all.
    expect(projection.get('grant', id('grnt', 2))).toBeUndefined();
    expect(projection.block).toBe(0);
  });

  test('a lineage too wide to walk answers its first pages at once and says so further on', async () => {
    const children = 10_050;
    const idOf = (n: number) => idFrom('vers', Buffer.from(n.toString(16).padStart(32, '0'), 'hex'));
    const events = Array.from({ length: children }, (_, n): DomainEvent => {
      const origin = { parents: [id('vers', 1)] };
      return { kind: 'dataset.version-published', version: { ...version(1), id: idOf(n), origin } };
    });
    channel.add({ events });
    await using projection = open();
    await projection.waitFor(1, { timeoutMs: 30_000 });
    const started = performance.now();
    const first = projection.lineage(id('vers', 1), { direction: 'downstream', depth: 32, limit: 200 });
    expect(first.items).toHaveLength(200);
    expect(performance.now() - started).toBeLessThan(2_000);
    let cursor = first.next;
    const walk = () => {
      while (cursor !== undefined) {
        cursor = projection.lineage(id('vers', 1), { direction: 'downstream', depth: 32, limit: 5_000, cursor }).next;
      }
    };
    cursor = projection.lineage(id('vers', 1), { direction: 'downstream', depth: 32, limit: 5_000 }).next;
    expect(walk).toThrow(expect.objectContaining({ code: 'BODY_TOO_LARGE' }));
  });
});
