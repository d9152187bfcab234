import { Rejection } from '../http/problem.ts';
import { checkItemName } from './item-name.ts';
import type { UploadForm } from './upload-messages.ts';

/**
 * What an upload's headers say it is: `application/x-tar` a folder, an Arrow stream or file a table, everything else one file, whose name
 * `Content-Disposition` must say (RFC 6266, `filename*` before `filename`). Throws `Rejection`.
 */
export function uploadFormOf(contentType: string | undefined, disposition: string | undefined): UploadForm {
  const mediaType = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (!/^[a-z]+\/[a-z0-9.+_-]{1,100}$/.test(mediaType)) {
    throw new Rejection('MEDIA_TYPE_UNSUPPORTED', 'Say what is sent with Content-Type.');
  }
  if (mediaType === 'application/x-tar') return { kind: 'folder' };
  if (mediaType === 'application/vnd.apache.arrow.stream' || mediaType === 'application/vnd.apache.arrow.file') {
    return { kind: 'table' };
  }
  return { kind: 'file', mediaType, name: checkItemName(fileNameIn(disposition ?? '')) };
}

function fileNameIn(disposition: string): string {
  const [, encoded] = /;\s*filename\*=utf-8'[a-z-]*'([A-Za-z0-9!#$&+.^_`|~%-]{1,4096})(?:;|$)/i.exec(disposition) ?? [];
  if (encoded !== undefined) {
    try {
      return decodeURIComponent(encoded);
    } catch {
      throw new Rejection('REQUEST_INVALID', 'The file name in Content-Disposition is not percent-encoded UTF-8.');
    }
  }
  const [, quoted, token] =
    /;\s*filename=(?:"((?:[^"\\]|\\["\\]){1,1024})"|([!#$%&'*+.^_`|~0-9A-Za-z-]{1,1024}))/i.exec(disposition) ?? [];
  const name = quoted?.replace(/\\(["\\])/g, '$1') ?? token;
  if (name === undefined) {
    throw new Rejection(
      'REQUEST_INVALID',
      "A single file needs its name: Content-Disposition: attachment; filename*=UTF-8''name",
    );
  }
  return name;
}

/** Writes a file name as `Content-Disposition` (RFC 6266), with the plain form for old readers. */
export function dispositionOf(name: string): string {
  const base = name.split('/').at(-1) ?? name;
  const plain = base.replace(/[^ !#-[\]-~]/g, '_');
  const encoded = encodeURIComponent(base).replace(
    /['()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
