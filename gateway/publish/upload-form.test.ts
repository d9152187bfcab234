import { describe, expect, test } from '@jest/globals';
import { dispositionOf, uploadFormOf } from './upload-form.ts';

describe('the form of an upload', () => {
  test('is a folder for tar and a table for Arrow', () => {
    expect(uploadFormOf('application/x-tar', undefined)).toEqual({ kind: 'folder' });
    expect(uploadFormOf('application/vnd.apache.arrow.stream; x=1', undefined)).toEqual({ kind: 'table' });
  });

  test('is one file for any other media type, with the name that the sender gives', () => {
    const named = (disposition: string) => uploadFormOf('Application/PDF', disposition);
    expect(named('attachment; filename="a b.pdf"')).toEqual({
      kind: 'file',
      mediaType: 'application/pdf',
      name: 'a b.pdf',
    });
    expect(named("attachment; filename=x.pdf; filename*=UTF-8''%C3%A4%20%E2%82%AC.pdf")).toMatchObject({
      name: 'ä €.pdf',
    });
  });

  test.each([
    [undefined, 'attachment; filename=a', 'MEDIA_TYPE_UNSUPPORTED'],
    ['pdf', 'attachment; filename=a', 'MEDIA_TYPE_UNSUPPORTED'],
    ['application/pdf', undefined, 'REQUEST_INVALID'],
    ['application/pdf', "attachment; filename*=UTF-8''%FF", 'REQUEST_INVALID'],
    ['application/pdf', 'attachment; filename="../x"', 'CONTENT_INVALID'],
    ['application/pdf', "attachment; filename*=UTF-8''a%00b", 'CONTENT_INVALID'],
  ])('is refused for %s with %s', (type, disposition, code) => {
    expect(() => uploadFormOf(type, disposition)).toThrow(expect.objectContaining({ code }));
  });

  test('leads back to the same name from the header that a download carries', () => {
    for (const name of ["it's (1).txt", 'ä€𝄞.bin', 'semi;colon "quoted".txt', '100%.txt']) {
      expect(uploadFormOf('text/plain', dispositionOf(name))).toMatchObject({ name });
      expect(dispositionOf(name)).toMatch(/^[ -~]+$/);
    }
  });
});
