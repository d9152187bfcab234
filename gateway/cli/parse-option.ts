import { InvalidArgumentError } from 'commander';

/** Ids or words separated by commas, in the order in which the ledger keeps them. */
export function idList(text: string): string[] {
  const ids = text
    .split(',')
    .map((one) => one.trim())
    .filter(Boolean);
  if (ids.length === 0) throw new InvalidArgumentError('Give at least one, separated by commas.');
  return [...new Set(ids)].sort();
}

/** A whole number from 1 on that JavaScript holds exactly. */
export function wholeNumber(text: string): number {
  const number = Number(decimal(text));
  if (!Number.isSafeInteger(number)) throw new InvalidArgumentError('That is too much.');
  return number;
}

/** A whole number from 1 on as the decimal text in which the ledger keeps amounts. */
export function decimal(text: string): string {
  if (!/^[1-9][0-9]{0,19}$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1 on.');
  return text;
}
