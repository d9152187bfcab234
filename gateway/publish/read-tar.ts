import { Rejection } from '../http/problem.ts';
import { ByteSource } from './byte-source.ts';
import { checkItemName } from './item-name.ts';
import { invalid, readPaxRecords, readTarHeader, type TarHeader, tarBlock } from './tar-header.ts';

/** A file of an archive. Its body must be read (or left) before the next file is asked for. */
export type TarFile = { readonly name: string; readonly sizeBytes: number; readonly body: AsyncIterable<Uint8Array> };

/** Longest pax or GNU name record in bytes. */
const longestRecord = 64 * 1024;

/**
 * Reads a tar stream file by file: ustar with pax and GNU long names. Directories are passed over; links, devices, sparse files,
 * names that leave the folder, wrong checksums and a missing end are refused. Memory is bounded by one piece of the stream.
 */
export async function* readTar(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const source = new ByteSource(pieces);
  let longer: { name?: string; sizeBytes?: number } = {};
  for (;;) {
    if (!(await source.more())) throw new Rejection('CONTENT_INVALID', 'The archive has no end.');
    const header = readTarHeader(await source.exactly(tarBlock));
    if (header === undefined) {
      await readEnd(source);
      return;
    }
    switch (header.type) {
      case 'x':
      case 'L':
        longer = { ...longer, ...(await readLonger(source, header)) };
        break;
      case 'g':
        await record(source, header);
        break;
      case '5':
        longer = {};
        break;
      case '0':
      case '\0':
      case '7': {
        const sizeBytes = longer.sizeBytes ?? header.sizeBytes;
        const name = checkItemName(longer.name ?? header.name);
        longer = {};
        yield* oneFile(source, name, sizeBytes);
        break;
      }
      default:
        throw invalid(`an entry that is not a file or folder (type ${JSON.stringify(header.type)})`);
    }
  }
}

async function* oneFile(source: ByteSource, name: string, sizeBytes: number): AsyncGenerator<TarFile> {
  const body = source.upTo(sizeBytes)[Symbol.asyncIterator]();
  yield { name, sizeBytes, body: { [Symbol.asyncIterator]: () => ({ next: () => body.next() }) } };
  // Whoever took only a part leaves the rest to be passed over.
  while ((await body.next()).done !== true);
  await source.exactly(padding(sizeBytes));
}

async function readLonger(source: ByteSource, header: TarHeader): Promise<{ name?: string; sizeBytes?: number }> {
  const body = await record(source, header);
  if (header.type === 'L') return { name: new TextDecoder('utf-8', { fatal: true }).decode(body).replace(/\0+$/, '') };
  const pax = readPaxRecords(body);
  for (const key of pax.keys()) if (key.startsWith('GNU.sparse')) throw invalid('a sparse file');
  const path = pax.get('path');
  const size = pax.get('size');
  if (size !== undefined && !/^(0|[1-9][0-9]{0,14})$/.test(size)) throw invalid('a size that is not a number');
  return { ...(path === undefined ? {} : { name: path }), ...(size === undefined ? {} : { sizeBytes: Number(size) }) };
}

async function record(source: ByteSource, header: TarHeader): Promise<Buffer> {
  if (header.sizeBytes > longestRecord) throw invalid('a record that is too long');
  const body = await source.exactly(header.sizeBytes);
  await source.exactly(padding(header.sizeBytes));
  return body;
}

/** Two blocks of zeros end an archive; only zeros may follow. */
async function readEnd(source: ByteSource): Promise<void> {
  for await (const piece of source.rest()) {
    if (piece.some((byte) => byte !== 0)) throw invalid('bytes after its end');
  }
}

function padding(sizeBytes: number): number {
  return (tarBlock - (sizeBytes % tarBlock)) % tarBlock;
}
