import type { Command } from '../rpc-call.ts';
import * as block from './block.ts';
import * as identity from './identity.ts';
import * as pin from './pin.ts';
import * as repo from './repo.ts';

/** Every command of the RPC by its path below `/api/v0/`. */
export const commands: ReadonlyMap<string, Command> = new Map([
  ['id', identity.id],
  ['version', identity.version],
  ['swarm/peers', identity.peers],
  ['block/put', block.put],
  ['block/get', block.get],
  ['block/stat', block.stat],
  ['block/rm', block.remove],
  ['pin/add', pin.add],
  ['pin/rm', pin.remove],
  ['pin/ls', pin.list],
  ['repo/stat', repo.stat],
  ['repo/gc', repo.collect],
  ['refs/local', repo.refs],
]);
