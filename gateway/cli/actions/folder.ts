import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join, relative, sep } from 'node:path';
import { type TarItem, writeTar } from '../../open/write-tar.ts';

export type LocalFile = { readonly name: string; readonly path: string; readonly sizeBytes: number };

/** The files under a folder (or the one file given), by name, without hidden ones and links. */
export async function localFiles(path: string): Promise<readonly LocalFile[]> {
  const top = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(cause.code === 'ENOENT' ? `There is no file or folder ${path}` : cause.message, { cause });
  });
  if (top.isFile()) return [{ name: basename(path), path, sizeBytes: top.size }];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (file) =>
        !relative(path, file)
          .split(sep)
          .some((part) => part.startsWith('.')),
    )
    .sort();
  if (files.length === 0) throw new Error(`There are no files in ${path}`);
  return Promise.all(
    files.map(async (file) => ({
      name: relative(path, file).split(sep).join('/'),
      path: file,
      sizeBytes: (await stat(file)).size,
    })),
  );
}

/** Files as one tar stream; tells how many bytes of them have gone out. */
export function tarOf(files: readonly LocalFile[], onBytes: (bytes: number) => void): AsyncIterable<Uint8Array> {
  async function* items(): AsyncGenerator<TarItem> {
    for (const { name, path, sizeBytes } of files) {
      yield { name, sizeBytes, body: counted(createReadStream(path, { highWaterMark: 256 * 1024 })) };
    }
  }
  let sent = 0;
  async function* counted(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      yield piece;
      sent += piece.length;
      onBytes(sent);
    }
  }
  return writeTar(items());
}

const imageEndings = new Set(['.jpg', '.jpeg', '.png', '.webp', '.tif', '.tiff', '.gif', '.avif']);
const documentEndings = new Set(['.txt', '.md', '.html', '.htm', '.pdf', '.docx', '.rst']);

/** What most of the files are. */
export function modalityOf(files: readonly LocalFile[]): 'images' | 'documents' {
  const count = (endings: Set<string>) => files.filter(({ name }) => endings.has(extname(name).toLowerCase())).length;
  const [images, documents] = [count(imageEndings), count(documentEndings)];
  if (images + documents === 0)
    throw new Error('These look like neither images nor documents: say which with --modality');
  return images > documents ? 'images' : 'documents';
}
