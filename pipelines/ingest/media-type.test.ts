import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { mediaTypeOfName, mediaTypesAgree, sniffBytes, sniffMediaType } from './media-type.ts';

const samples = new URL('../../../test/samples/', import.meta.url);
const head = (path: string) => readFileSync(new URL(path, samples)).subarray(0, sniffBytes);

describe('what the first bytes of an item say', () => {
  test.each(['photographs', 'documents'])('agrees with the names of all our %s', (kind) => {
    const names = readdirSync(new URL(`${kind}/files/`, samples));
    expect(names.length).toBeGreaterThan(24);
    for (const name of names) {
      const found = sniffMediaType(head(`${kind}/files/${name}`));
      expect([name, mediaTypesAgree(mediaTypeOfName(name), found)]).toEqual([name, true]);
    }
  });

  test.each([
    ['a text with a photograph’s name', 'image/jpeg', Buffer.from('hello')],
    ['a photograph with a text’s name', 'text/plain', head('photographs/files/rocket.jpg')],
    ['a PNG that calls itself JPEG', 'image/jpeg', head('photographs/files/coffee.png')],
    ['a page that calls itself PDF', 'application/pdf', Buffer.from('<html>')],
    [
      'a ZIP that calls itself DOCX',
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
      Buffer.from('PK\x03\x04nothing of the kind'),
    ],
    ['noise that calls itself Markdown', 'text/markdown', Uint8Array.of(1, 2, 3, 0, 255)],
    ['noise that calls itself JSON', 'application/json', Uint8Array.of(0x7b, 0, 1)],
  ])('does not agree for %s', (_, declared, bytes) => {
    expect(mediaTypesAgree(declared, sniffMediaType(bytes))).toBe(false);
  });

  test.each([
    ['audio/wav', 'RIFF\0\0\0\0WAVEfmt '],
    ['image/webp', 'RIFF\0\0\0\0WEBPVP8 '],
    ['image/avif', '\0\0\0\x1cftypavif'],
    ['video/mp4', '\0\0\0\x18ftypisom'],
    ['audio/flac', 'fLaC'],
    ['image/tiff', 'II*\0'],
    ['application/json', '{"a": 1}'],
    ['text/html', '\n<!DOCTYPE html><p>'],
    ['image/gif', 'GIF89a'],
  ])('is %s where the signature says so', (mediaType, bytes) => {
    expect(sniffMediaType(Buffer.from(bytes, 'latin1'))).toBe(mediaType);
  });
});
