import { ChaincodeDefinition } from '@d-cloud/network/admin';
import { z } from 'zod';
import { Database } from '../database.ts';

/** A definition that an organization wants agreed upon, with the label of the package that it runs. */
export const OfferedDefinition = z.strictObject({
  definition: ChaincodeDefinition,
  label: z
    .string()
    .regex(/^[a-zA-Z0-9]+([.+\-_][a-zA-Z0-9]+)*$/, 'must be the label of a package')
    .max(100),
  proposedAt: z.iso.datetime(),
});
export type OfferedDefinition = z.output<typeof OfferedDefinition>;

const schema = `
  CREATE TABLE IF NOT EXISTS definition (channel TEXT, name TEXT, sequence INTEGER, offered TEXT NOT NULL, PRIMARY KEY (channel, name, sequence)) STRICT;
`;

/** The chaincode definitions that this organization proposed, the newest of each sequence. A returned put is on disk. */
export class DefinitionStore implements Disposable {
  readonly #database: Database;

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    this.#database.exec(schema);
  }

  put(offered: OfferedDefinition): void {
    const { channel, name, sequence } = offered.definition;
    this.#database
      .prepare('INSERT INTO definition VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET offered = excluded.offered')
      .run(channel, name, sequence, JSON.stringify(offered));
  }

  /** The newest sequence of each chaincode, at most 16. */
  newest(): OfferedDefinition[] {
    const rows = this.#database
      .prepare('SELECT offered, max(sequence) FROM definition GROUP BY channel, name ORDER BY channel, name LIMIT 16')
      .all();
    return rows.map(({ offered }) => OfferedDefinition.parse(JSON.parse(offered as string)));
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }
}
