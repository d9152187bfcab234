import type { ConfigGroup } from '../../ledger/messages/index.ts';
import { consentersOf } from './consenters.ts';
import type { PolicyImpact } from './impact.ts';

/** What a change costs, for people to know before they sign; nothing here stops it. */
export interface Caution {
  readonly code: 'FEW_CONSENTERS' | 'APPROVES_ALONE' | 'BLOCKS_ALONE';
  readonly path: string;
  readonly sentence: string;
}

const single = (sets: readonly (readonly string[])[] | undefined) =>
  (sets ?? []).filter((set) => set.length === 1).map(([mspId]) => mspId!);

/** Policies that concern everybody; inside an organization its own admin always stands alone. */
function isShared(path: string): boolean {
  return path.split('/').length <= 4;
}

/** Everything about a change that somebody may regret, though it wrecks nothing. */
export function cautions(before: ConfigGroup, after: ConfigGroup, impact: readonly PolicyImpact[]): Caution[] {
  return [...fewConsenters(before, after), ...impact.filter(({ path }) => isShared(path)).flatMap(newPower)];
}

function* fewConsenters(before: ConfigGroup, after: ConfigGroup): Generator<Caution> {
  const [was, is] = [consentersOf(before)?.length ?? 0, consentersOf(after)?.length ?? 0];
  if (was === is || is >= 3) return;
  const sentence = `with ${is} consenter${is === 1 ? '' : 's'}, the first that fails stops the channel`;
  yield { code: 'FEW_CONSENTERS', path: '/Channel/Orderer/ConsensusType', sentence };
}

function newPower({ path, before, after }: PolicyImpact): Caution[] {
  const name = path.slice(path.lastIndexOf('/') + 1);
  // Anybody may read or write alone: that is what those policies are for.
  if (name === 'Readers' || name === 'Writers' || name === 'BlockValidation') return [];
  const [approved, blocked] = [single(before?.approve), single(before?.block)];
  const approves = single(after?.approve).filter((mspId) => !approved.includes(mspId));
  const blocks = single(after?.block).filter((mspId) => !blocked.includes(mspId));
  const caution = (code: Caution['code'], mspIds: string[], verb: string): Caution[] =>
    mspIds.length === 0
      ? []
      : [{ code, path, sentence: `${mspIds.join(', ')} can ${verb} ${path} alone after this change` }];
  return [...caution('APPROVES_ALONE', approves, 'approve'), ...caution('BLOCKS_ALONE', blocks, 'block')];
}
