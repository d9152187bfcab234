import { expect, test } from '@jest/globals';
import { contentFormOf } from './content-form.ts';

test.each([
  [undefined, 'tar', 'tar'],
  ['*/*', 'arrow', 'arrow'],
  ['application/x-tar', 'arrow', 'tar'],
  ['application/vnd.apache.arrow.stream;q=0.9, */*', 'tar', 'arrow'],
  ['application/x-ndjson', 'tar', 'json-lines'],
  ['image/png', 'tar', 'file'],
  ['application/octet-stream', 'tar', 'file'],
] as const)('Accept: %s over a version that is usually %s asks for %s', (accept, usual, form) => {
  expect(contentFormOf(accept, usual)).toBe(form);
});
