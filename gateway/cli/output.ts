import cliProgress from 'cli-progress';

/** Where a command writes: sentences for a person on standard error, its result on standard output as text or as one JSON line. */
export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /** Tells a person what is happening. */
  say(text = ''): void {
    process.stderr.write(`${text}\n`);
  }

  /** The command's result: the object as one JSON line, or the text for a person. */
  result(value: unknown, text: string): void {
    process.stdout.write(this.json ? `${JSON.stringify(value)}\n` : `${text}\n`);
  }

  /** A progress bar in the given unit; plain lines at every tenth where standard error is no terminal. */
  progress(label: string, unit: string, total: number): Progress {
    return process.stderr.isTTY ? new Bar(label, unit, total) : new Lines(label, unit, total);
  }
}

export type Progress = { at(done: number, note?: string): void; end(): void };

class Bar implements Progress {
  readonly #bar: cliProgress.SingleBar;

  constructor(label: string, unit: string, total: number) {
    this.#bar = new cliProgress.SingleBar(
      { format: `${label} {bar} {value}/{total} ${unit} {note}`, stream: process.stderr, hideCursor: true },
      cliProgress.Presets.shades_classic,
    );
    this.#bar.start(total, 0, { note: '' });
  }

  at(done: number, note = ''): void {
    this.#bar.update(done, { note });
  }

  end(): void {
    this.#bar.stop();
  }
}

class Lines implements Progress {
  #said = -1;
  readonly #label: string;
  readonly #unit: string;
  readonly #total: number;

  constructor(label: string, unit: string, total: number) {
    this.#label = label;
    this.#unit = unit;
    this.#total = total;
  }

  at(done: number, note = ''): void {
    const tenth = this.#total === 0 ? 10 : Math.floor((done / this.#total) * 10);
    if (tenth <= this.#said) return;
    this.#said = tenth;
    process.stderr.write(`${this.#label} ${done}/${this.#total} ${this.#unit} ${note}\n`.replace(/ +\n/, '\n'));
  }

  end(): void {}
}

/** Lines up rows under headings for a person to read. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, at) => Math.max(heading.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(headings), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}
