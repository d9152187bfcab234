/** One entry of a POSIX tar archive, also of such as nobody should send. */
export type TarEntry = {
  readonly name: string;
  readonly bytes?: Uint8Array;
  readonly type?: string;
  readonly link?: string;
};

/** An archive of the entries as they are given; nothing is checked. */
export function tar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(entryBlocks), Buffer.alloc(1024)]);
}

function entryBlocks({ name, bytes = new Uint8Array(0), type = '0', link = '' }: TarEntry): Buffer[] {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, Buffer.from(bytes), Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}
