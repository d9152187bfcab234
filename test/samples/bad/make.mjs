// Makes the bad inputs beside this file, the same bytes every time: node test/samples/bad/make.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { crc32, deflateRawSync, deflateSync } from 'node:zlib';

const here = new URL('./', import.meta.url);
const sample = (path) => readFileSync(new URL(`../${path}`, here));
const write = (name, bytes) => writeFileSync(new URL(name, here), bytes);

const rocket = sample('photographs/files/rocket.jpg');
write('corrupt.jpg', Buffer.concat([rocket.subarray(0, 20_000), Buffer.alloc(300, 0x5a)]));
write('text-named.jpg', 'This is a text. Somebody gave it the name of a photograph.\n');
write('empty.txt', '');
write('garbage.pdf', Buffer.concat([Buffer.from('%PDF-1.7\n'), Buffer.from(Array.from({ length: 2000 }, (_, i) => (i * 197 + (i >> 3) * 31) & 255))]));
write('deep.json', '['.repeat(100_000) + ']'.repeat(100_000));

// 30,000 x 30,000 pixels of one bit each: 900 megapixels out of 109 KB.
const side = 30_000;
const header = Buffer.alloc(13);
header.writeUInt32BE(side, 0);
header.writeUInt32BE(side, 4);
header.set([1, 0, 0, 0, 0], 8);
const chunk = (type, data) => {
  const out = Buffer.alloc(12 + data.length);
  out.writeUInt32BE(data.length, 0);
  out.write(type, 4, 'latin1');
  data.copy(out, 8);
  out.writeUInt32BE(crc32(out.subarray(4, 8 + data.length)), 8 + data.length);
  return out;
};
const pixels = deflateSync(Buffer.alloc((side / 8 + 1) * side), { level: 9 });
write('pixel-bomb.png', Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]));

// A DOCX whose text unpacks to 200 MB. The directory claims 10 bytes.
const zip = (entries) => {
  const locals = [];
  const central = [];
  let at = 0;
  for (const [name, content, claimed] of entries) {
    const packed = deflateRawSync(content, { level: 9 });
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(claimed ?? content.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4]), shared, Buffer.from(name), packed]);
    const record = Buffer.alloc(46);
    record.set([0x50, 0x4b, 1, 2, 20, 0]);
    shared.copy(record, 6, 0, 24);
    record.writeUInt32LE(at, 42);
    locals.push(local);
    central.push(record, Buffer.from(name));
    at += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.set([0x50, 0x4b, 5, 6]);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
};
const types = Buffer.from('<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>');
write('unpacking-bomb.docx', zip([['[Content_Types].xml', types], ['word/document.xml', Buffer.alloc(200 << 20, 0x20), 10]]));

// An Arrow stream of two batches that stops at a message boundary, before the second batch and the end mark.
const { RecordBatchStreamWriter, tableFromArrays } = await import('apache-arrow');
const batches = [1, 2].flatMap((from) => tableFromArrays({ number: Int32Array.from([from, from + 1, from + 2]) }).batches);
const whole = RecordBatchStreamWriter.writeAll(batches).toUint8Array(true);
const one = RecordBatchStreamWriter.writeAll(batches.slice(0, 1)).toUint8Array(true);
write('whole.arrows', whole);
write('truncated.arrows', whole.subarray(0, one.length - 8));
