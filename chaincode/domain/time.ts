import type { Instant } from './records.ts';

/** Milliseconds since 1970 of an RFC 3339 time in UTC with at most three decimals, or nothing when the text is no such time. */
export function readInstant(text: Instant): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?Z$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  // Date.UTC rolls 31 April over into May; such a text is no time.
  if (new Date(time).toISOString().slice(0, 19) !== text.slice(0, 19)) return undefined;
  return time + Number((match[7] ?? '').padEnd(3, '0'));
}
