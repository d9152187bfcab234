import { checkScheme } from './erasure/index.ts';
import { SealFault } from './fault.ts';
import { maxFragmentBytes, maxSegmentBytes, minFragmentBytes } from './layout.ts';
import {
  contentRoot,
  encodeManifest,
  type ManifestSegment,
  type ManifestSlot,
  type StorageManifest,
} from './manifest.ts';

/** 64 MiB describe about 800 GiB at 4 of 7. */
export const maxManifestBytes = 64 * 1024 * 1024;

type Members = Readonly<Record<string, unknown>>;

function invalid(why: string, cause?: unknown): SealFault {
  return new SealFault('MANIFEST_INVALID', why, { cause });
}

function members(value: unknown, names: readonly string[], optional: readonly string[] = []): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('a member is not an object');
  for (const name of names) if (!Object.hasOwn(value, name)) throw invalid(`${name} is missing`);
  for (const name of Object.keys(value))
    if (!names.includes(name) && !optional.includes(name)) throw invalid(`${name.slice(0, 40)} is not a manifest's`);
  return value as Members;
}

function integer(value: unknown, least: number, most: number, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
    throw invalid(`${name} is out of bounds`);
  return value as number;
}

function text(value: unknown, form: RegExp, name: string): string {
  if (typeof value !== 'string' || !form.test(value)) throw invalid(`${name} has the wrong form`);
  return value;
}

function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) throw invalid(`${name} is not a list`);
  return value;
}

function digests(value: unknown, name: string): Uint8Array {
  const bytes = Buffer.from(text(value, /^[A-Za-z0-9+/]+={0,2}$/, name), 'base64');
  if (bytes.length === 0 || bytes.length % 32 !== 0) throw invalid(`${name} are not digests of 32 bytes`);
  return bytes;
}

const idForm = /^[A-Za-z0-9._:-]{1,128}$/;
const hashForm = /^[0-9a-f]{64}$/;

function slotOf(value: unknown, at: number): ManifestSlot {
  const slot = members(value, ['slot', 'storageNode', 'organization']);
  return {
    slot: integer(slot.slot, at, at, 'slot'),
    storageNode: text(slot.storageNode, idForm, 'storageNode'),
    organization: text(slot.organization, idForm, 'organization'),
  };
}

function segmentOf(value: unknown, k: number, n: number): ManifestSegment {
  const given = members(value, ['index', 'rows', 'token', 'fragmentBytes', 'digests']);
  const segment = {
    index: integer(given.index, 0, 0xffff_fffe, 'index'),
    rows: integer(given.rows, 0, Number.MAX_SAFE_INTEGER, 'rows'),
    token: integer(given.token, 0, Number.MAX_SAFE_INTEGER, 'token'),
    fragmentBytes: integer(given.fragmentBytes, minFragmentBytes, maxFragmentBytes, 'fragmentBytes'),
    digests: digests(given.digests, 'digests'),
  };
  const stripes = segment.digests.length / (32 * n);
  if (!Number.isInteger(stripes)) throw invalid('a segment has incomplete stripes');
  if (segment.fragmentBytes % 64 !== 0 || stripes * k * segment.fragmentBytes > 2 * maxSegmentBytes)
    throw invalid('fragmentBytes is no size that sealing makes');
  return segment;
}

/** Checks what must hold between the members of a manifest, however it was come by. */
export function checkManifest(manifest: StorageManifest): void {
  const { segments, slots, n } = manifest;
  if (slots.length !== n) throw invalid(`${n} slots are needed, ${slots.length} are there`);
  const first = segments[0];
  if (first === undefined) throw invalid('a manifest has at least one segment');
  let rows = 0;
  const seen = new Set<string>();
  segments.forEach((segment, at) => {
    if (segment.index !== first.index + at)
      throw invalid(`segment ${first.index + at} is missing, repeated or out of order`);
    rows += segment.rows;
    const names = Buffer.from(segment.digests).toString('latin1');
    for (let from = 0; from < names.length; from += 32) seen.add(names.slice(from, from + 32));
  });
  if (rows !== manifest.rows) throw invalid('rows is not the sum of the segments');
  const fragments = segments.reduce((sum, segment) => sum + segment.digests.length / 32, 0);
  // With k = 1 two slots hold the same bytes by construction.
  if (manifest.k > 1 && seen.size !== fragments) throw invalid('two fragments have one content id');
  if (manifest.shares !== undefined && manifest.shares.length !== 32 * n) throw invalid(`${n} shares are needed`);
  if (Buffer.from(contentRoot(manifest)).toString('hex') !== manifest.contentRoot)
    throw invalid('contentRoot is not the root of the segments');
}

/** Reads a manifest from its canonical bytes; anything else, down to a space too many, is MANIFEST_INVALID. */
export function parseManifest(bytes: Uint8Array): StorageManifest {
  if (bytes.length > maxManifestBytes) throw invalid(`a manifest has at most ${maxManifestBytes} bytes`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw invalid('it is not JSON', cause);
  }
  const names = ['v', 'hash', 'version', 'k', 'n', 'slots', 'segments', 'last', 'rows', 'contentRoot', 'schemaHash'];
  const given = members(json, names, ['shares']);
  integer(given.v, 1, 1, 'v');
  text(given.hash, /^sha2-256$/, 'hash');
  const k = integer(given.k, 1, 32, 'k');
  const n = integer(given.n, 2, 64, 'n');
  if (typeof given.last !== 'boolean') throw invalid('last is not a boolean');
  try {
    checkScheme({ k, n });
  } catch (cause) {
    throw invalid('k and n are no erasure scheme', cause);
  }
  const manifest: StorageManifest = {
    version: text(given.version, idForm, 'version'),
    k,
    n,
    slots: list(given.slots, 'slots').map(slotOf),
    segments: list(given.segments, 'segments').map((segment) => segmentOf(segment, k, n)),
    last: given.last,
    rows: integer(given.rows, 0, Number.MAX_SAFE_INTEGER, 'rows'),
    contentRoot: text(given.contentRoot, hashForm, 'contentRoot'),
    schemaHash: text(given.schemaHash, hashForm, 'schemaHash'),
    ...(given.shares === undefined ? {} : { shares: digests(given.shares, 'shares') }),
  };
  checkManifest(manifest);
  if (Buffer.compare(encodeManifest(manifest), bytes) !== 0) throw invalid('it is not in canonical form');
  return manifest;
}
