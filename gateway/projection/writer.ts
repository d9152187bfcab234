import type { DatabaseSync, StatementSync } from 'node:sqlite';
import {
  afterDepartures,
  type CatalogueCard,
  type DomainEvent,
  isLeavable,
  type Leavable,
  type LeavableKind,
  type MspId,
  Refusal,
} from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { ChannelBlock, ChannelTransaction } from './channel-block.ts';
import { channelRow, type Row, rowsOf } from './rows.ts';
import { prepareMeta, readMeta } from './schema.ts';

const newestRecordVersion = 1;

/** Writes blocks into the read model: a block's rows and the offset in one transaction, so that after a kill both are there or neither. */
export class ProjectionWriter {
  readonly #db: DatabaseSync;
  readonly #organization: string;
  readonly #statements: Record<
    | 'meta'
    | 'record'
    | 'visible'
    | 'versions'
    | 'owner'
    | 'erased'
    | 'noCard'
    | 'transaction'
    | 'event'
    | 'edge'
    | 'wantCard'
    | 'card'
    | 'cardText'
    | 'noCardText'
    | 'naming'
    | 'departed',
    StatementSync
  >;
  #block: number;
  #hash: string;

  constructor(db: DatabaseSync, organization: string) {
    this.#db = db;
    this.#organization = organization;
    this.#block = Number(readMeta(db, 'block') ?? -1);
    this.#hash = readMeta(db, 'hash') ?? '';
    this.#statements = {
      meta: prepareMeta(db),
      record:
        db.prepare(`INSERT INTO record (kind, id, parent, owner, state, visible, block, transaction_id, time, body, first_time)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET parent = excluded.parent, owner = excluded.owner,
        state = excluded.state, visible = excluded.visible, block = excluded.block, transaction_id = excluded.transaction_id,
        time = excluded.time, body = excluded.body`),
      visible: db.prepare('SELECT visible FROM record WHERE kind = ? AND id = ?'),
      owner: db.prepare('SELECT owner FROM record WHERE kind = ? AND id = ?'),
      // Publishing a version raises the count in the record it belongs to; the event carries the version alone.
      versions: db.prepare(`UPDATE record SET body = json_set(body, '$.versions', ?), block = ?, transaction_id = ?
        WHERE kind = ? AND id = ? AND body ->> '$.versions' < ?`),
      // An erasure names its versions; the event carries none of their records.
      erased:
        db.prepare(`UPDATE record SET body = json_set(body, '$.erasure', ?), block = ?, transaction_id = ?, time = ?
        WHERE kind = 'version' AND id = ?`),
      // A duplicate id is invalid in its second block: the first row is the one that counts.
      transaction: db.prepare(
        'INSERT INTO ledger_transaction VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING',
      ),
      event: db.prepare('INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)'),
      edge: db.prepare('INSERT INTO edge VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (child, parent) DO NOTHING'),
      wantCard: db.prepare('INSERT INTO card VALUES (?, NULL) ON CONFLICT (dataset) DO NOTHING'),
      card: db.prepare('UPDATE card SET body = ? WHERE dataset = ?'),
      cardText: db.prepare('INSERT INTO card_text (dataset, title, description, keywords) VALUES (?, ?, ?, ?)'),
      noCard: db.prepare('DELETE FROM card WHERE dataset = ?'),
      naming: db.prepare('SELECT kind, id AS key, body FROM record WHERE body LIKE ?'),
      departed: db.prepare(
        'UPDATE record SET state = ?, body = ?, block = ?, transaction_id = ?, time = ? WHERE kind = ? AND id = ?',
      ),
      noCardText: db.prepare('DELETE FROM card_text WHERE dataset = ?'),
    };
  }

  /** Newest block written, -1 before the first. */
  get block(): number {
    return this.#block;
  }

  /** Header hash of the newest block written, hex; empty before the first. */
  get hash(): string {
    return this.#hash;
  }

  /**
   * Writes the next block. Fault `disagreed` when it does not follow the last one: this is another ledger, or one that was cut back.
   * Refusal RECORD_TOO_NEW when a newer chaincode speaks than this gateway knows.
   */
  write(block: ChannelBlock): void {
    if (block.number !== this.#block + 1) {
      throw new Fault('disagreed', `after block ${this.#block} the ledger sent block ${block.number}`);
    }
    if (block.number > 0 && block.previousHash !== this.#hash) {
      throw new Fault(
        'disagreed',
        `block ${block.number} does not follow the block ${this.#block} this read model was built from`,
      );
    }
    this.#atomically(() => {
      for (const transaction of block.transactions) this.#transaction(block.number, transaction);
      const [configured] = block.transactions;
      if (block.configuration !== undefined && configured !== undefined)
        this.#row(channelRow(block.configuration), block.number, configured);
      this.#statements.meta.run('block', String(block.number));
      this.#statements.meta.run('hash', block.hash);
    });
    this.#block = block.number;
    this.#hash = block.hash;
  }

  /** Datasets whose catalogue card has not been had yet. */
  wantedCards(limit: number): readonly string[] {
    return this.#db
      .prepare('SELECT dataset FROM card WHERE body IS NULL ORDER BY random() LIMIT ?')
      .all(limit)
      .map(({ dataset }) => String(dataset));
  }

  writeCard(card: CatalogueCard): void {
    this.#atomically(() => {
      // A dataset that was erased while its card was on its way has no line for one any more.
      if (this.#statements.card.run(JSON.stringify(card), card.dataset).changes === 0) return;
      this.#statements.noCardText.run(card.dataset);
      this.#statements.cardText.run(card.dataset, card.title, card.description, card.keywords.join(' '));
    });
  }

  #transaction(block: number, transaction: ChannelTransaction): void {
    const { id, index, creator, validation, time } = transaction;
    this.#statements.transaction.run(id, block, index, creator, transaction.function, validation, time);
    if (validation !== 'VALID') return;
    for (const [place, event] of transaction.events.entries()) {
      let visible = 1;
      for (const row of rowsOf(event)) visible = Math.min(visible, this.#row(row, block, transaction));
      this.#statements.event.run(block, index, place, id, time, visible, JSON.stringify(event));
      this.#further(event, block, transaction);
    }
  }

  #row(row: Row, block: number, { id, time }: ChannelTransaction): number {
    if (row.record.v > newestRecordVersion) {
      throw new Refusal(
        'RECORD_TOO_NEW',
        `a ${row.kind} record has version ${row.record.v}; this gateway knows ${newestRecordVersion}`,
      );
    }
    const visible = this.#shown(row.shownTo);
    const { kind, parent, owner, state, record } = row;
    this.#statements.record.run(
      kind,
      row.id,
      parent ?? null,
      owner ?? null,
      state ?? null,
      visible,
      block,
      id,
      time,
      JSON.stringify(record),
      time,
    );
    return visible;
  }

  #shown(shownTo: Row['shownTo']): number {
    if (shownTo === 'everyone') return 1;
    if ('like' in shownTo) return Number(this.#statements.visible.get(shownTo.like, shownTo.id)?.visible ?? 0);
    if (shownTo.organizations.some((mspId) => mspId === this.#organization)) return 1;
    if (shownTo.ownerOf === undefined) return 0;
    return this.#statements.owner.get('dataset', shownTo.ownerOf)?.owner === this.#organization ? 1 : 0;
  }

  #further(event: DomainEvent, block: number, { id, time }: ChannelTransaction): void {
    if (event.kind === 'dataset.registered') {
      this.#statements.wantCard.run(event.dataset.id);
      if (event.dataset.publicTitle !== undefined)
        this.#statements.cardText.run(event.dataset.id, event.dataset.publicTitle, '', '');
    } else if (event.kind === 'dataset.version-published') {
      const { id: child, origin, dataset, number } = event.version;
      this.#statements.versions.run(number, block, id, 'dataset', dataset, number);
      for (const parent of origin.parents)
        this.#statements.edge.run(child, parent, origin.job ?? null, origin.model ?? null, block, id);
    } else if (event.kind === 'dataset.erasure-requested') {
      const { erasure } = event;
      for (const version of erasure.versions) this.#statements.erased.run(erasure.id, block, id, time, version);
      if (erasure.whole) {
        this.#statements.noCard.run(erasure.dataset);
        this.#statements.noCardText.run(erasure.dataset);
      }
    } else if (event.kind === 'organization.left') {
      this.#depart(event.organization.mspId, block, { id, time });
    } else if (event.kind === 'model.version-published') {
      const { model, number } = event.modelVersion;
      this.#statements.versions.run(number, block, id, 'model', model, number);
    }
  }

  /** What ended with an organization has no events of its own: its rows say what the chaincode's own rule makes of them from here on. */
  #depart(mspId: MspId, block: number, { id, time }: Pick<ChannelTransaction, 'id' | 'time'>): void {
    for (const { kind, key, body } of this.#statements.naming.all(`%"${mspId}"%`)) {
      if (!isLeavable(String(kind))) continue;
      const before = JSON.parse(String(body)) as Leavable[LeavableKind];
      const after = afterDepartures(kind as LeavableKind, before, [mspId]);
      if (after !== before)
        this.#statements.departed.run(after.state, JSON.stringify(after), block, id, time, String(kind), String(key));
    }
  }

  #atomically(write: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      write();
      this.#db.exec('COMMIT');
    } catch (error) {
      this.#db.exec('ROLLBACK');
      throw error;
    }
  }
}
