/** How many bytes of an item's beginning the sniffer looks at. */
export const sniffBytes = 4096;

const docx = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';
const xlsx = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';
const pptx = 'application/vnd.openxmlformats-officedocument.presentationml.presentation';
export const arrowStream = 'application/vnd.apache.arrow.stream';
export const arrowFile = 'application/vnd.apache.arrow.file';

/** Media type by file name extension, for items whose publisher declared none. */
const byExtension: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  text: 'text/plain',
  rst: 'text/plain',
  log: 'text/plain',
  md: 'text/markdown',
  markdown: 'text/markdown',
  htm: 'text/html',
  html: 'text/html',
  csv: 'text/csv',
  xml: 'application/xml',
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  pdf: 'application/pdf',
  docx,
  xlsx,
  pptx,
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  gif: 'image/gif',
  webp: 'image/webp',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  avif: 'image/avif',
  heic: 'image/heic',
  svg: 'image/svg+xml',
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  flac: 'audio/flac',
  ogg: 'audio/ogg',
  opus: 'audio/ogg',
  m4a: 'audio/mp4',
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  mkv: 'video/webm',
  arrows: arrowStream,
  arrow: arrowFile,
  parquet: 'application/vnd.apache.parquet',
  zip: 'application/zip',
  gz: 'application/gzip',
  tar: 'application/x-tar',
  onnx: 'application/octet-stream',
};

/** Declared types whose bytes must carry the matching signature. */
const signed = new Set([
  ...['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/tiff', 'image/avif', 'image/heic'],
  ...['audio/wav', 'audio/flac', 'audio/ogg', 'audio/mp4', 'audio/mpeg', 'video/mp4', 'video/quicktime', 'video/webm'],
  ...['application/pdf', 'application/zip', 'application/gzip', 'application/x-tar', docx, xlsx, pptx],
  ...[arrowStream, arrowFile, 'application/vnd.apache.parquet'],
]);
const textual = /^(text\/.+|application\/(json|x-ndjson|xml|javascript)|image\/svg\+xml)$/;

/** The media type that a file name's extension stands for; `application/octet-stream` when it stands for none. */
export function mediaTypeOfName(name: string): string {
  const extension = /\.([A-Za-z0-9]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(byExtension, extension) ? (byExtension[extension] as string) : 'application/octet-stream';
}

/** What the first bytes of an item (up to `sniffBytes`) say it is; nothing when they say nothing. */
export function sniffMediaType(head: Uint8Array): string | undefined {
  return bySignature(head) ?? byText(head);
}

/** Whether an item declared as one type may begin like the sniffed one. Types without a signature of their own are taken at their word. */
export function mediaTypesAgree(declared: string, sniffed: string | undefined): boolean {
  if (declared === 'application/octet-stream' || declared === sniffed) return true;
  if (signed.has(declared)) return false;
  if (textual.test(declared)) return sniffed !== undefined && textual.test(sniffed);
  return true;
}

function bySignature(head: Uint8Array): string | undefined {
  const at = (offset: number, ...bytes: (number | string)[]) => {
    const wanted = bytes.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part, 'latin1')] : [part]));
    return wanted.every((byte, index) => head[offset + index] === byte);
  };
  if (at(0, 0x89, 'PNG', 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png';
  if (at(0, 0xff, 0xd8, 0xff)) return 'image/jpeg';
  if (at(0, 'GIF87a') || at(0, 'GIF89a')) return 'image/gif';
  if (at(0, 'RIFF') && at(8, 'WEBP')) return 'image/webp';
  if (at(0, 'RIFF') && at(8, 'WAVE')) return 'audio/wav';
  if (at(0, 'II*', 0) || at(0, 'MM', 0, '*')) return 'image/tiff';
  if (at(4, 'ftyp')) return byBrand(Buffer.from(head.subarray(8, 12)).toString('latin1'));
  if (at(0, 'PK', 3, 4)) return byZipEntries(head);
  if (at(0, 'PK', 5, 6)) return 'application/zip';
  if (at(0, 0xff, 0xff, 0xff, 0xff) && head.length >= 8 && head[7] === 0 && !at(4, 0, 0, 0, 0)) return arrowStream;
  if (at(0, 'ARROW1', 0, 0)) return arrowFile;
  if (at(0, 'PAR1')) return 'application/vnd.apache.parquet';
  if (at(0, 'fLaC')) return 'audio/flac';
  if (at(0, 'OggS')) return 'audio/ogg';
  if (at(0, 'ID3') || (head[0] === 0xff && ((head[1] ?? 0) & 0xe6) === 0xe2)) return 'audio/mpeg';
  if (at(0, 0x1a, 0x45, 0xdf, 0xa3)) return 'video/webm';
  if (at(0, 0x1f, 0x8b)) return 'application/gzip';
  if (at(257, 'ustar')) return 'application/x-tar';
  const start = Buffer.from(head.subarray(0, 1024)).toString('latin1');
  return start.includes('%PDF-') && /^[\s\0\u00ef\u00bb\u00bf]*%PDF-/.test(start) ? 'application/pdf' : undefined;
}

function byBrand(brand: string): string {
  if (brand === 'avif' || brand === 'avis') return 'image/avif';
  if (['heic', 'heix', 'mif1', 'msf1', 'hevc'].includes(brand)) return 'image/heic';
  if (brand === 'qt  ') return 'video/quicktime';
  return brand.startsWith('M4A') ? 'audio/mp4' : 'video/mp4';
}

function byZipEntries(head: Uint8Array): string {
  const names = Buffer.from(head).toString('latin1');
  const has = (entry: string) => names.includes(entry);
  if (!has('[Content_Types].xml') && !has('_rels/.rels')) return 'application/zip';
  if (has('xl/')) return xlsx;
  return has('ppt/') ? pptx : docx;
}

function byText(head: Uint8Array): string | undefined {
  if (head.length === 0) return undefined;
  const wide = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  if (wide) return 'text/plain';
  for (const byte of head) {
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d && byte !== 0x1b)
      return undefined;
  }
  const start = Buffer.from(head.subarray(0, 512))
    .toString('latin1')
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .trimStart();
  if (/^(<!--|<!doctype html|<html|<head|<body|<title)/i.test(start)) return 'text/html';
  if (/^<svg[\s>]/i.test(start)) return 'image/svg+xml';
  if (start.startsWith('<?xml')) return 'application/xml';
  return /^[[{]\s*["[{\d\-tfn\]}]/.test(start) ? 'application/json' : 'text/plain';
}
