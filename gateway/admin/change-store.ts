import type { ChangeId, MspId } from '@d-cloud/chaincode/domain';
import { ChangeProposal } from '@d-cloud/network/admin';
import { Database } from '../database.ts';

/** open: may be signed. in-force: a config block carries it. superseded: another configuration came first, its signatures are void. withdrawn: by its proposer. */
export const changeStates = ['open', 'in-force', 'superseded', 'withdrawn'] as const;
export type ChangeState = (typeof changeStates)[number];

/** A change that this organization proposed, with the signatures and refusals that have come in. */
export type KeptChange = {
  readonly id: ChangeId;
  readonly proposer: MspId;
  readonly proposedAt: string;
  readonly state: ChangeState;
  /** The config block that carries it. */
  readonly block?: number;
  readonly proposal: ChangeProposal;
};

/** What this organization answered to a change. */
export type OwnAnswer = { readonly answer: 'signed' | 'refused'; readonly at: string; readonly reason?: string };

const schema = `
  CREATE TABLE IF NOT EXISTS change (id TEXT PRIMARY KEY, proposer TEXT NOT NULL, proposed_at TEXT NOT NULL, state TEXT NOT NULL, block INTEGER,
    proposal TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS change_state ON change (state, proposed_at);
  CREATE TABLE IF NOT EXISTS answer (id TEXT PRIMARY KEY, answer TEXT NOT NULL, at TEXT NOT NULL, reason TEXT) STRICT;
`;

/** The proposals of one gateway, and what its organization answered to any. A returned put is on disk. */
export class ChangeStore implements Disposable {
  readonly #database: Database;

  constructor(file: string) {
    this.#database = new Database(file);
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
    this.#database.exec(schema);
  }

  put({ id, proposer, proposedAt, state, block, proposal }: KeptChange): void {
    this.#database
      .prepare(
        `INSERT INTO change VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET state = excluded.state, block = excluded.block, proposal = excluded.proposal`,
      )
      .run(id, proposer, proposedAt, state, block ?? null, JSON.stringify(proposal));
  }

  get(id: ChangeId): KeptChange | undefined {
    const row = this.#database.prepare('SELECT * FROM change WHERE id = ?').get(id);
    return row === undefined ? undefined : keptOf(row);
  }

  /** The open ones, and the newest of those that have ended. */
  list(mostEnded: number): KeptChange[] {
    const open = this.#database.prepare("SELECT * FROM change WHERE state = 'open' ORDER BY proposed_at").all();
    const ended = this.#database
      .prepare("SELECT * FROM change WHERE state <> 'open' ORDER BY proposed_at DESC LIMIT ?")
      .all(mostEnded);
    return [...open, ...ended].map(keptOf);
  }

  /** Changes a kept proposal in one step: two signatures that arrive at once are both kept. */
  amend(id: ChangeId, amended: (kept: KeptChange) => KeptChange): KeptChange | undefined {
    const kept = this.get(id);
    if (kept === undefined) return undefined;
    const next = amended(kept);
    this.put(next);
    return next;
  }

  putAnswer(id: ChangeId, { answer, at, reason }: OwnAnswer): void {
    this.#database
      .prepare(
        'INSERT INTO answer VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET answer = excluded.answer, at = excluded.at, reason = excluded.reason',
      )
      .run(id, answer, at, reason ?? null);
  }

  answer(id: ChangeId): OwnAnswer | undefined {
    const row = this.#database.prepare('SELECT answer, at, reason FROM answer WHERE id = ?').get(id);
    if (row === undefined) return undefined;
    const { answer, at, reason } = row as { answer: OwnAnswer['answer']; at: string; reason: string | null };
    return { answer, at, ...(reason === null ? {} : { reason }) };
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

function keptOf(row: Record<string, unknown>): KeptChange {
  return {
    id: row.id as ChangeId,
    proposer: row.proposer as MspId,
    proposedAt: row.proposed_at as string,
    state: row.state as ChangeState,
    ...(row.block === null ? {} : { block: row.block as number }),
    proposal: ChangeProposal.parse(JSON.parse(row.proposal as string)),
  };
}
