import { readFile } from 'node:fs/promises';
import { Fault } from '../../ledger/fault.ts';

/** One storage node: its id on the ledger, its own directory, the loopback port of its RPC (0 lets the system choose), and the bearer token that the RPC asks for. */
export interface StorageNodeConfig {
  readonly id: string;
  readonly directory: string;
  readonly port: number;
  readonly token: string;
}

/** The storage nodes of one organization in one process. `capacityBytes` bounds the blocks of each node; `faults` opens the fault switch that tests use. */
export interface StorageNodesConfig {
  readonly nodes: readonly StorageNodeConfig[];
  readonly capacityBytes: number;
  readonly faults?: boolean;
}

const maxConfigBytes = 1024 * 1024;

/** Reads and checks the configuration file of a store process. @throws Fault misconfigured, naming the field that is wrong but never its value. */
export async function readConfig(path: string): Promise<StorageNodesConfig> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Fault('misconfigured', `the store's configuration ${path} cannot be read`, { cause });
  });
  if (text.length > maxConfigBytes) throw wrong('the file', 'at most 1 MiB');
  try {
    return parseConfig(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw wrong('the file', 'JSON');
  }
}

/** Checks a configuration that came from outside. Unknown fields are refused, because a misspelt one would be ignored silently. */
export function parseConfig(value: unknown): StorageNodesConfig {
  const { nodes, capacityBytes, faults, ...others } = fieldsOf(value, 'the configuration');
  noOthers(others, 'the configuration');
  if (!Array.isArray(nodes) || nodes.length === 0 || nodes.length > 64) throw wrong('nodes', 'a list of 1 to 64 nodes');
  if (typeof capacityBytes !== 'number' || !Number.isSafeInteger(capacityBytes) || capacityBytes <= 0) {
    throw wrong('capacityBytes', 'a positive whole number');
  }
  if (faults !== undefined && typeof faults !== 'boolean') throw wrong('faults', 'true or false');
  const parsed = nodes.map(parseNode);
  for (const field of ['id', 'directory'] as const) {
    if (new Set(parsed.map((node) => node[field])).size !== parsed.length) throw wrong(`nodes[].${field}`, 'unique');
  }
  return { nodes: parsed, capacityBytes, faults: faults ?? false };
}

function parseNode(value: unknown, index: number): StorageNodeConfig {
  const { id, directory, port, token, ...others } = fieldsOf(value, `nodes[${index}]`);
  noOthers(others, `nodes[${index}]`);
  if (typeof id !== 'string' || !/^[\w.:-]{1,128}$/.test(id)) throw wrong(`nodes[${index}].id`, 'a short id');
  if (typeof directory !== 'string' || directory === '') throw wrong(`nodes[${index}].directory`, 'a path');
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 0 || port > 65_535) {
    throw wrong(`nodes[${index}].port`, 'a port, or 0 for any');
  }
  if (typeof token !== 'string' || !/^[\x21-\x7e]{16,512}$/.test(token)) {
    throw wrong(`nodes[${index}].token`, '16 to 512 printable characters');
  }
  return { id, directory, port, token };
}

function fieldsOf(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(where, 'an object');
  return { ...value };
}

function noOthers(others: object, where: string): void {
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) throw wrong(where, `without the unknown field ${JSON.stringify(unknown.slice(0, 64))}`);
}

function wrong(field: string, expected: string): Fault {
  return new Fault('misconfigured', `the store's configuration is wrong: ${field} must be ${expected}`);
}
