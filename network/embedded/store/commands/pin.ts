import type { Pin, Pins } from '../pins.ts';
import { type Command, CommandError, parseBlockName, rawCid } from '../rpc-call.ts';

/** `pin/add`: protects blocks that are here from `block/rm` and `repo/gc`. A raw block has no links, so recursive and direct protect the same bytes. */
export const add: Command = async (call, node) => {
  const names = call.args('ipfs-path').map(parseBlockName);
  const type = call.flag('recursive', true) ? 'recursive' : 'direct';
  const name = call.text('name') ?? '';
  for (const { digest, cid } of names) {
    if (!(await node.blocks.has(digest))) {
      throw new CommandError(`pin: block was not found locally (offline): ipld: could not find ${cid}`);
    }
    const key = rawCid(digest);
    if (type === 'direct' && node.pins.get(key)?.type === 'recursive') {
      throw new CommandError(`pin: ${cid} already pinned recursively`);
    }
    await node.pins.add(key, { type, name });
  }
  return { kind: 'json', value: { Pins: names.map(({ cid }) => cid) } };
};

/** `pin/rm`: gives up that protection. */
export const remove: Command = async (call, node) => {
  const names = call.args('ipfs-path').map(parseBlockName);
  const recursive = call.flag('recursive', true);
  for (const { digest, cid } of names) {
    const pin = node.pins.get(rawCid(digest));
    if (!pin) throw new CommandError('not pinned or pinned indirectly');
    if (pin.type === 'recursive' && !recursive) throw new CommandError(`${cid} is pinned recursively`);
    await node.pins.remove(rawCid(digest));
  }
  return { kind: 'json', value: { Pins: names.map(({ cid }) => cid) } };
};

/** `pin/ls`: pins of one type or all, of the blocks named or all. */
export const list: Command = (call, node) => {
  const type = call.text('type') ?? 'all';
  if (!['direct', 'indirect', 'recursive', 'all'].includes(type)) {
    throw new CommandError(`invalid type '${type.slice(0, 64)}', must be one of {direct, indirect, recursive, all}`);
  }
  const named = call.query.getAll('arg');
  const found = named.length > 0 ? pinsNamed(named, type, node.pins) : pinsOf(type, node.pins);
  const names = call.flag('names') || named.length > 0;
  if (call.flag('stream')) return { kind: 'lines', lines: lines(found, names) };
  const keys = Object.fromEntries(found.map(([cid, pin]) => [cid, { Type: pin.type, Name: names ? pin.name : '' }]));
  return { kind: 'json', value: found.length > 0 ? { Keys: keys } : {} };
};

function pinsNamed(named: readonly string[], type: string, pins: Pins): [string, Pin][] {
  return named.map((argument) => {
    const { digest, cid } = parseBlockName(argument);
    const pin = pins.get(rawCid(digest));
    if (!pin || (type !== 'all' && pin.type !== type)) throw new CommandError(`path '${argument}' is not pinned`);
    return [cid, pin];
  });
}

function pinsOf(type: string, pins: Pins): [string, Pin][] {
  return [...pins.all()].filter(([, pin]) => type === 'all' || pin.type === type);
}

async function* lines(found: readonly [string, Pin][], names: boolean): AsyncGenerator<unknown> {
  for (const [cid, { type, name }] of found)
    yield { Cid: cid, Type: type, ...(names && name !== '' ? { Name: name } : {}) };
}
