import { table } from '../output.ts';
import type { ChangeView, PolicyImpact, Power } from '../views.ts';

/** The bar of signatures: how many of those that the shortest way left would take. */
export function signatureBar({ review, state }: ChangeView): string {
  if (review === undefined) return state;
  const { signed, needed } = review.bar;
  if (needed === null) return `${'█'.repeat(signed)}✕ ${signed} signed, nobody left can complete it`;
  return `${'█'.repeat(signed)}${'░'.repeat(needed - signed)} ${signed} of ${needed}`;
}

export function changesText(changes: readonly ChangeView[], away: readonly string[]): string {
  const rows = changes.map((one) => [
    one.id,
    one.proposer,
    one.state,
    signatureBar(one),
    one.answer?.answer ?? '',
    one.summary,
  ]);
  const listed =
    rows.length === 0
      ? 'No change is proposed.'
      : table(['change', 'proposer', 'state', 'signatures', 'we', 'summary'], rows);
  return away.length === 0 ? listed : `${listed}\nNot asked, because their gateway is away: ${away.join(', ')}`;
}

/** Everything a person needs to see before signing, most important last. */
export function changeText(change: ChangeView): string {
  const { id, channel, sequence, proposer, summary, state, block, refusals, review, unreviewed } = change;
  const head = [
    `${id} of ${proposer}: ${summary}`,
    `${channel}, made for configuration ${sequence}: ${state}${block === undefined ? '' : ` since block ${block}`}`,
  ];
  const said = refusals.map(({ mspId, reason }) => `${mspId} refuses: ${reason}`);
  if (review === undefined) return [...head, ...said, ...(unreviewed === undefined ? [] : [unreviewed])].join('\n');
  const { progress } = review;
  return [
    ...head,
    '',
    'What it changes:',
    ...review.changes.flatMap((one) => differenceText(one)),
    ...(review.impact.length === 0 ? ['No policy changes hands.'] : ['', powersText(review.impact)]),
    '',
    ...review.cautions.map(({ sentence }) => `Mind: ${sentence}`),
    ...review.objections.map(({ path, sentence }) => `Nobody may sign this: ${path}: ${sentence}`),
    ...progress.guards.map(({ path, satisfied }) => `${satisfied ? '✓' : '·'} ${path}`),
    `Signatures ${signatureBar(change)}${progress.signed.length === 0 ? '' : ` (${progress.signed.join(', ')})`}`,
    ...(progress.complete || progress.missing.length === 0
      ? []
      : [`Still needed: ${progress.missing.map((set) => set.join(' and ')).join(', or ')}`]),
    ...progress.invalid.map(({ mspId, reason }) => `Does not count: ${mspId}: ${reason}`),
    ...said,
    ...(progress.complete ? [`It may be submitted: dcloud channel change submit ${id}`] : []),
  ].join('\n');
}

type Difference = NonNullable<ChangeView['review']>['changes'][number];

function differenceText({ path, change, before, after }: Difference): string[] {
  const mark = { added: '+', removed: '-', changed: '~' }[change];
  if (change !== 'changed') return [`${mark} ${path}${leaf(change === 'added' ? after : before)}`];
  return [`${mark} ${path}`, `    was ${short(before)}`, `    is  ${short(after)}`];
}

function leaf(value: unknown): string {
  return typeof value === 'object' && value !== null && 'groups' in value ? '' : ` ${short(value)}`;
}

const longest = 400;

/** A value on one line; certificates are too long for people. */
function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value, withoutCertificates);
  return (text ?? '').length > longest ? `${text?.slice(0, longest)}…` : (text ?? '');
}

function withoutCertificates(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith('-----BEGIN')) return value;
  return `${/-----BEGIN ([A-Z0-9 ]+)-----/.exec(value)?.[1]?.toLowerCase()} …${value.replace(/\s/g, '').slice(-36, -24)}`;
}

function groups(power: Power | undefined, kind: 'approve' | 'block'): string {
  if (power === undefined) return '–';
  const sets = power[kind].map((set) => set.join('+') || 'anybody');
  return [...sets, ...(power.uncounted === undefined ? [] : [power.uncounted])].join(' | ') || 'nobody';
}

/** Who can approve and block each policy, now and after. */
export function powersText(policies: readonly PolicyImpact[]): string {
  const changes = policies.some(({ changed }) => changed);
  const rows = policies.map(({ path, before, after, changed }) => [
    path,
    before?.rule ?? '–',
    groups(before, 'approve'),
    groups(before, 'block'),
    ...(changes ? [changed ? `${groups(after, 'approve')} / ${groups(after, 'block')}` : 'the same'] : []),
  ]);
  return table(['policy', 'rule', 'approve', 'block', ...(changes ? ['afterwards: approve / block'] : [])], rows);
}
