/** The same seeded script for every ledger: what is done, by whom, endorsed by whom, and whether it overlaps with the step before. */

/** One transaction of the script. */
export interface Step {
  readonly number: number;
  readonly member: 'A' | 'B' | 'C';
  readonly chaincode: 'probe' | 'any';
  readonly operation: string;
  readonly args: readonly string[];
  readonly transient?: string;
  /** Exactly these endorse; the gateway chooses where none are named. */
  readonly endorsers?: readonly string[];
  /** Endorsed before the step before is committed, so that the two may be in conflict. */
  readonly overlaps: boolean;
  /** What is wrong with it, beside what the chaincode makes of it. */
  readonly twist?: 'sent twice' | 'endorsed again' | 'wrong signature' | 'odd time';
}

/** Small, seeded, and the same everywhere: mulberry32 (public domain, T. Ettinger). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** How many keys are fought over: few, so that conflicts, deletes and phantoms happen. */
const keys = 12;

export function scriptOf(seed: number, length: number): Step[] {
  const random = seeded(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const one = <T>(of: readonly T[]): T => of[below(of.length)]!;
  const key = () => `k${String(below(keys)).padStart(2, '0')}`;
  const value = () => `v${below(1_000_000)}`;
  const members = ['A', 'B', 'C'] as const;
  const collection = () => one(['ab', '_implicit_org_A', '_implicit_org_B', 'nocoll']);

  const kinds: readonly (readonly [weight: number, make: () => Partial<Step>])[] = [
    [20, () => ({ operation: 'put', args: [key(), value()] })],
    [16, () => ({ operation: 'upd', args: [key(), value()] })],
    [8, () => ({ operation: 'del', args: [key()] })],
    [10, () => ({ operation: 'count', args: ['k', 'l', `count${below(3)}`] })],
    [4, () => ({ operation: 'ryw', args: [key(), value()] })],
    [5, () => ({ operation: 'page', args: ['k', 'l', String(1 + below(5)), ''] })],
    [5, () => ({ operation: 'hist', args: [key()] })],
    [3, () => ({ operation: 'get', args: [key()] })],
    [3, () => ({ operation: 'fail', args: [`refused ${below(9)}`] })],
    [2, () => ({ operation: 'nothing', args: [] })],
    [5, () => ({ operation: 'sbe', args: [key(), ...members.filter(() => random() < 0.5), one(members)] })],
    [3, () => ({ operation: 'sbeOf', args: [key()] })],
    [5, () => ({ chaincode: 'any', operation: 'call', args: ['probe', 'put', key(), value()], endorsers: ['A', 'B'] })],
    [8, () => ({ chaincode: 'any', operation: 'pput', args: [collection(), key()], transient: value() })],
    [3, () => ({ chaincode: 'any', operation: 'pdel', args: [collection(), key()] })],
    [2, () => ({ chaincode: 'any', operation: 'ppurge', args: [collection(), key()] })],
    [4, () => ({ chaincode: 'any', operation: 'phash', args: [collection(), key()] })],
    [3, () => ({ chaincode: 'any', operation: 'pget', args: [collection(), key()] })],
  ];
  const total = kinds.reduce((sum, [weight]) => sum + weight, 0);
  const drawn = (): Partial<Step> => {
    let left = below(total);
    for (const [weight, make] of kinds) {
      left -= weight;
      if (left < 0) return make();
    }
    return {};
  };
  let before: Partial<Step> = {};
  return Array.from({ length }, (_, number): Step => {
    const made = drawn();
    const overlaps = number > 0 && random() < 0.4;
    // Two that overlap fight over one key more often than chance would have it.
    const fought = overlaps && random() < 0.6 && onOneKey(made) && onOneKey(before) ? before.args![0]! : made.args?.[0];
    const args = fought === undefined ? [] : [fought, ...(made.args ?? []).slice(1)];
    before = { ...made, args };
    const endorsers = made.endorsers ?? one([undefined, undefined, ['A', 'B'], ['A', 'C'], ['B'], ['A', 'B', 'C']]);
    const twist =
      random() < 0.08 ? one(['sent twice', 'endorsed again', 'wrong signature', 'odd time'] as const) : undefined;
    return {
      number,
      member: one(members),
      chaincode: 'probe',
      operation: 'get',
      ...made,
      args,
      overlaps,
      ...(endorsers === undefined ? {} : { endorsers }),
      ...(twist === undefined ? {} : { twist }),
    };
  });
}

const onOneKey = ({ operation, args }: Partial<Step>) =>
  args !== undefined && ['put', 'upd', 'ryw', 'del', 'get'].includes(operation ?? '');
