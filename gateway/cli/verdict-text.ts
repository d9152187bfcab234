import type { Check } from '../evidence/checks.ts';

type Verdict = { readonly ok: boolean; readonly checks: readonly Check[] };

/** What an offline check found, line by line; notes say what it does not show. */
export function verdictText({ ok, checks }: Verdict, notes: readonly string[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length));
  return [
    ...checks.map((check) => `${wordOf(check).padEnd(7)} ${check.name.padEnd(width)} ${check.sentence}`),
    ...notes.map((note) => `note    ${note}`),
    ok ? 'Verified.' : 'NOT verified.',
  ].join('\n');
}

function wordOf({ ok, skipped }: Check): string {
  if (skipped) return 'skipped';
  return ok ? 'ok' : 'FAILED';
}
