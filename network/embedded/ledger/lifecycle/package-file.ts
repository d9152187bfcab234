import { gunzipSync } from 'node:zlib';

/** What a chaincode package says of itself. */
export interface PackageMetadata {
  readonly type: string;
  readonly label: string;
}

/** Bounds what a small package can unfold to. */
const MAX_UNPACKED_BYTES = 256 << 20;
const BLOCK = 512;

/** Reads `metadata.json` of a chaincode package, gzip of a tar; throws Fabric's words for what is none. */
export function readPackage(bytes: Buffer): PackageMetadata {
  let metadata: string | undefined;
  let code = false;
  for (const { name, content } of tarEntries(unzipped(bytes))) {
    if (name === 'metadata.json') metadata = content.toString();
    if (name === 'code.tar.gz') code = true;
  }
  if (!code) throw new Error('did not find a code package inside the package');
  if (metadata === undefined) throw new Error('did not find any package metadata (missing metadata.json)');
  const { type, label } = parsed(metadata);
  if (/^[A-Za-z0-9][A-Za-z0-9_.+-]*$/.test(label)) return { type, label };
  throw new Error(
    `invalid label '${label}'. Label must be non-empty, can only consist of alphanumerics, symbols from '.+-_', and can only begin with alphanumerics`,
  );
}

function parsed(json: string): PackageMetadata {
  let read: { readonly type?: unknown; readonly label?: unknown };
  try {
    read = Object(JSON.parse(json));
  } catch (cause) {
    throw new Error(`could not unmarshal metadata.json as json: ${(cause as Error).message}`, { cause });
  }
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return { type: text(read.type), label: text(read.label) };
}

function unzipped(bytes: Buffer): Buffer {
  const refused = (why: string): never => {
    throw new Error(`error reading as gzip stream: ${why}`);
  };
  if (bytes.length === 0) return refused('EOF');
  if (bytes.length < 10) return refused('unexpected EOF');
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch {
    return refused('gzip: invalid header');
  }
}

function* tarEntries(tar: Buffer): Generator<{ readonly name: string; readonly content: Buffer }> {
  const text = (from: number, to: number): string => tar.toString('latin1', from, to).replace(/\0.*$/s, '');
  for (let at = 0; at + BLOCK <= tar.length && tar[at] !== 0; ) {
    const name = text(at, at + 100);
    const size = Number.parseInt(text(at + 124, at + 136).trim() || '0', 8);
    const flag = tar[at + 156]!;
    if (flag !== 0 && flag !== 0x30) throw new Error(`tar entry ${name} is not a regular file, type ${flag}`);
    const from = at + BLOCK;
    if (!(size >= 0) || from + size > tar.length) throw new Error('error inspecting next tar header: unexpected EOF');
    yield { name, content: tar.subarray(from, from + size) };
    at = from + Math.ceil(size / BLOCK) * BLOCK;
  }
}
