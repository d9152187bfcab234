import { plain } from './plain.ts';
import { type Progress, ProgressBar, ProgressLines } from './progress.ts';

/** Where a command writes: sentences for a person on standard error, its result on standard output as text or as one JSON line. */
export class Output {
  readonly json: boolean;

  constructor(json: boolean) {
    this.json = json;
  }

  /** Tells a person what is happening. */
  say(text = ''): void {
    process.stderr.write(`${plain(text)}\n`);
  }

  /** The command's result: the object as one JSON line, or the text for a person. */
  result(value: unknown, text: string): void {
    if (this.json) process.stdout.write(`${JSON.stringify(value)}\n`);
    else if (text !== '') process.stdout.write(`${plain(text)}\n`);
  }

  /** A progress bar in the given unit, `total` 0 where nobody knows it; plain lines where standard error is no terminal. */
  progress(label: string, unit: string, total: number): Progress {
    const counted = { label, unit, total };
    if (process.stderr.isTTY) return new ProgressBar(counted, process.stderr);
    return new ProgressLines(
      counted,
      (line) => this.say(line),
      () => performance.now(),
    );
  }
}

/** Lines up rows under headings for a person to read, and says so where there are none. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return `${headings[0]}: none`;
  const widths = headings.map((heading, at) => Math.max(heading.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(headings), line(widths.map((width) => '─'.repeat(width))), ...rows.map(line)].join('\n');
}
