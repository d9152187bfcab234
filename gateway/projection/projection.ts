import { rmSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { CatalogueCard, DatasetId, MspId } from '@d-cloud/chaincode/domain';
import type { Logger } from 'pino';
import type { ChannelBlock } from './channel-block.ts';
import { Follower } from './follower.ts';
import { walkLineage } from './lineage.ts';
import type { EventPosition, ReadModel } from './read-model.ts';
import { ProjectionReader } from './reader.ts';
import { openDatabase } from './schema.ts';
import { ProjectionWriter } from './writer.ts';

export type ProjectionPowers = {
  /** SQLite file of the read model. */
  readonly file: string;
  readonly organization: MspId;
  /** Committed blocks from a number on, for ever; ends by throwing. */
  readonly blocks: (options: {
    readonly startBlock: number;
    readonly signal: AbortSignal;
  }) => AsyncIterable<ChannelBlock>;
  /** Blocks the own peer has now. */
  readonly height: (signal: AbortSignal) => Promise<number>;
  /** Asks the own peer for a catalogue card. Refusal or Fault when it has none (yet). */
  readonly card: (dataset: DatasetId, signal: AbortSignal) => Promise<CatalogueCard>;
  readonly log: Logger;
};

export type ProjectionHealth = { readonly block: number; readonly following: boolean; readonly trouble?: string };
export type Projection = ReadModel & AsyncDisposable & { readonly health: ProjectionHealth };

const pageOfEvents = 256;

/** Opens the read model and follows the channel into it until disposed. */
export function openProjection(powers: ProjectionPowers): Projection {
  const db = openDatabase(powers.file, powers.organization, (file) => rmSync(file, { force: true }));
  const writer = new ProjectionWriter(db, powers.organization);
  const reader = new ProjectionReader(db);
  const follower = new Follower(powers, writer, (dataset) => reader.get('dataset', dataset)?.record);
  return new OpenProjection(db, writer, reader, follower);
}

class OpenProjection implements Projection {
  readonly #db: DatabaseSync;
  readonly #writer: ProjectionWriter;
  readonly #reader: ProjectionReader;
  readonly #follower: Follower;

  constructor(db: DatabaseSync, writer: ProjectionWriter, reader: ProjectionReader, follower: Follower) {
    this.#db = db;
    this.#writer = writer;
    this.#reader = reader;
    this.#follower = follower;
    follower.start();
  }

  get block(): number {
    return this.#writer.block;
  }

  get head(): EventPosition {
    return { block: this.#writer.block, transaction: Number.MAX_SAFE_INTEGER, index: Number.MAX_SAFE_INTEGER };
  }

  get health(): ProjectionHealth {
    return this.#follower.health;
  }

  readonly waitFor: ReadModel['waitFor'] = (block, options) => this.#follower.waitFor(block, options);
  readonly get: ReadModel['get'] = (kind, id) => this.#reader.get(kind, id);
  readonly list: ReadModel['list'] = (kind, filter = {}, page = {}) =>
    this.#reader.list(kind, filter, page, this.block);
  readonly searchDatasets: ReadModel['searchDatasets'] = (search, page = {}) =>
    this.#reader.searchDatasets(search, page, this.block);
  readonly card: ReadModel['card'] = (dataset) => this.#reader.card(dataset);
  readonly lineage: ReadModel['lineage'] = (version, question) => walkLineage(this.#db, this.block, version, question);
  readonly transaction: ReadModel['transaction'] = (id) => this.#reader.transaction(id);

  async *events({ after, signal }: Parameters<ReadModel['events']>[0]): ReturnType<ReadModel['events']> {
    let position = after ?? { block: -1, transaction: -1, index: -1 };
    while (!signal.aborted) {
      // Taken before reading, so that a block written meanwhile is not slept through.
      const more = this.#follower.nextBlock(signal);
      const page = this.#reader.eventsAfter(position, pageOfEvents);
      for (const event of page) {
        if (signal.aborted) return;
        yield event;
        position = event;
      }
      if (page.length < pageOfEvents) await more;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#follower[Symbol.asyncDispose]();
    this.#db.close();
  }
}
