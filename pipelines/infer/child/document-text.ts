import mammoth from 'mammoth';
import { getDocumentProxy } from 'unpdf';
import { htmlText } from './html-text.ts';
import { ItemFailure, type ItemLimits } from './protocol.ts';
import { checkUnpackedSize } from './zip-budget.ts';

/** The text of a document, white space collapsed, cut at the limit. Throws ItemFailure CORRUPT, TOO_LARGE or NO_TEXT. */
export async function documentText(bytes: Uint8Array, mediaType: string, limits: ItemLimits): Promise<string> {
  const text = await rawText(bytes, mediaType, limits);
  const plain = text
    .replace(/[\s\0]+/g, ' ')
    .trim()
    .slice(0, limits.textCharacters);
  if (plain === '') throw new ItemFailure('NO_TEXT', 'the document holds no text');
  return plain.isWellFormed() ? plain : plain.toWellFormed();
}

async function rawText(bytes: Uint8Array, mediaType: string, limits: ItemLimits): Promise<string> {
  switch (mediaType) {
    case 'text/plain':
      return decode(bytes);
    case 'text/markdown':
      return markdownText(decode(bytes));
    case 'text/html':
      return htmlText(decode(bytes));
    case 'application/pdf':
      return await pdfText(bytes, limits);
    case 'application/vnd.openxmlformats-officedocument.wordprocessingml.document':
      return await docxText(bytes, limits);
    default:
      throw new ItemFailure('MEDIA_TYPE_NOT_TAKEN', `no text is read from ${mediaType}`);
  }
}

/** UTF-8, UTF-16 with its mark, else Windows-1252, which every byte string is. */
function decode(bytes: Uint8Array): string {
  const marks: Record<string, string> = { fffe: 'utf-16le', feff: 'utf-16be' };
  const mark = Buffer.from(bytes.subarray(0, 2)).toString('hex');
  try {
    return new TextDecoder(marks[mark] ?? 'utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** Drops what only markup needs: image and link targets, fences, table rules, emphasis. */
function markdownText(markdown: string): string {
  return markdown
    .split('\n')
    .filter((line) => !/^\s*(```|~~~|\[[^\]]{1,200}\]:\s|[-=|:\s]{3,}$)/.test(line))
    .join('\n')
    .replace(/\]\([^()\s]{0,2000}\)/g, '] ')
    .replace(/<[^<>]{1,2000}>/g, ' ')
    .replace(/[*_`#>[\]!|]+/g, ' ');
}

async function pdfText(bytes: Uint8Array, limits: ItemLimits): Promise<string> {
  try {
    await using resources = new AsyncDisposableStack();
    const pdf = await getDocumentProxy(new Uint8Array(bytes), { verbosity: 0 });
    resources.defer(async () => await pdf.loadingTask.destroy());
    if (pdf.numPages > limits.pages) throw new ItemFailure('TOO_LARGE', 'the document has too many pages');
    const pages: string[] = [];
    let characters = 0;
    for (let number = 1; number <= pdf.numPages && characters < limits.textCharacters; number++) {
      const page = await pdf.getPage(number);
      const { items } = await page.getTextContent();
      const text = items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join('');
      page.cleanup();
      characters += text.length;
      pages.push(text);
    }
    return pages.join('\n');
  } catch (error) {
    if (error instanceof ItemFailure) throw error;
    throw new ItemFailure('CORRUPT', 'the document cannot be read');
  }
}

async function docxText(bytes: Uint8Array, limits: ItemLimits): Promise<string> {
  checkUnpackedSize(bytes, limits.unpackedBytes);
  try {
    return (await mammoth.extractRawText({ buffer: Buffer.from(bytes) })).value;
  } catch {
    throw new ItemFailure('CORRUPT', 'the document cannot be read');
  }
}
