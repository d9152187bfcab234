import { describe, expect, test } from '@jest/globals';
import { documentText } from './document-text.ts';

const limits = { pixels: 1, pages: 10, textCharacters: 1000, unpackedBytes: 1 << 20 };
const read = async (bytes: Uint8Array, mediaType: string) => await documentText(bytes, mediaType, limits);

describe('the text of a document', () => {
  test('of HTML is what a reader sees, with its title', async () => {
    const html =
      '<title>Wine</title><script>evil()</script><style>p{}</style><p>Red<br>and <b>white</b></p><ul><li>one<li>two</ul>';
    expect(await read(Buffer.from(html), 'text/html')).toBe('Wine Red and white one two');
  });

  test('of HTML nested a hundred thousand deep is read without overflowing the stack', async () => {
    expect(await read(Buffer.from(`${'<div>'.repeat(100_000)}deep`), 'text/html')).toBe('deep');
  });

  test('of Markdown has no markup and no link targets', async () => {
    const markdown =
      '# Title\n\nSee [the docs](https://example.com/x) and ![logo](a.png).\n```js\ncode()\n```\n| a | b |\n|---|---|\n';
    expect(await read(Buffer.from(markdown), 'text/markdown')).toBe('Title See the docs and logo . code() a b');
  });

  test('is read from UTF-8, UTF-16 and Windows-1252', async () => {
    const text = 'Größe';
    expect(await read(Buffer.from(text), 'text/plain')).toBe(text);
    expect(await read(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]), 'text/plain')).toBe(
      text,
    );
    expect(await read(Buffer.from(text, 'latin1'), 'text/plain')).toBe(text);
  });

  test('is cut at the limit', async () => {
    expect((await read(Buffer.from('word '.repeat(1000)), 'text/plain')).length).toBeLessThanOrEqual(1000);
  });
});
