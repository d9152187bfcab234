import cliProgress from 'cli-progress';
import { plain } from './plain.ts';

/** How far something is, in its own unit. `end` shows the last that was told. */
export type Progress = { at(done: number, note?: string): void; end(): void };

/** What is counted: its label, its unit, and how much there is in all (0 where nobody knows). */
export type Counted = { readonly label: string; readonly unit: string; readonly total: number };

/** A bar that a terminal redraws. */
export class ProgressBar implements Progress {
  readonly #bar: cliProgress.SingleBar;

  constructor({ label, unit, total }: Counted, stream: NodeJS.WritableStream) {
    const format = total > 0 ? `${label} {bar} {value}/{total} ${unit} {note}` : `${label} {value} ${unit} {note}`;
    this.#bar = new cliProgress.SingleBar({ format, stream, hideCursor: true }, cliProgress.Presets.shades_classic);
    this.#bar.start(total, 0, { note: '' });
  }

  at(done: number, note = ''): void {
    this.#bar.update(done, { note: plain(note) });
  }

  end(): void {
    this.#bar.stop();
  }
}

const quietMs = 1_000;

/** Lines for a log: the first, at most one a second after it, and the last. */
export class ProgressLines implements Progress {
  readonly #counted: Counted;
  readonly #write: (line: string) => void;
  readonly #nowMs: () => number;
  #spokenAt = Number.NEGATIVE_INFINITY;
  #spoken = '';
  #newest = '';

  constructor(counted: Counted, write: (line: string) => void, nowMs: () => number) {
    this.#counted = counted;
    this.#write = write;
    this.#nowMs = nowMs;
  }

  at(done: number, note = ''): void {
    const { label, unit, total } = this.#counted;
    this.#newest = `${label} ${total > 0 ? `${done}/${total}` : done} ${unit} ${note}`.trimEnd();
    if (this.#nowMs() - this.#spokenAt >= quietMs) this.#speak();
  }

  end(): void {
    this.#speak();
  }

  #speak(): void {
    if (this.#newest === this.#spoken) return;
    this.#spokenAt = this.#nowMs();
    this.#spoken = this.#newest;
    this.#write(this.#newest);
  }
}
