import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Fault } from '../../ledger/fault.ts';

/** A chaincode package and the id that every peer gives it: `label:sha256`. */
export interface ChaincodePackage {
  readonly label: string;
  readonly packageId: string;
  readonly bytes: Uint8Array;
}

/** One ustar entry: header of 512 bytes, content, padding. Dates and owners are zero so that equal input gives equal bytes. */
function tarEntry(name: string, content: Uint8Array): Buffer {
  const header = Buffer.alloc(512);
  const write = (at: number, value: string) => header.write(value, at, 'latin1');
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  write(0, name);
  write(100, octal(0o100644, 8));
  write(108, octal(0, 8));
  write(116, octal(0, 8));
  write(124, octal(content.length, 12));
  write(136, octal(0, 12));
  write(148, ' '.repeat(8));
  write(156, '0');
  write(257, 'ustar\0');
  write(263, '00');
  const sum = header.reduce((total, byte) => total + byte, 0);
  write(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function tar(files: readonly (readonly [string, Uint8Array])[]): Buffer {
  return Buffer.concat([...files.map(([name, content]) => tarEntry(name, content)), Buffer.alloc(1024)]);
}

/** Stored, not deflated, with the operating system left unnamed: deflate's output differs between builds of zlib. */
function gzip(content: Uint8Array): Buffer {
  const zipped = gzipSync(content, { level: 0 });
  zipped[9] = 255;
  return zipped;
}

/**
 * A package for a chaincode that runs as a service. It says neither address nor keys: each peer's external builder finds
 * those in its own organization's directory, so one package with one id serves everybody.
 */
export function packageChaincode(label: string): ChaincodePackage {
  if (!/^[a-zA-Z0-9]+([.+\-_][a-zA-Z0-9]+)*$/.test(label)) {
    throw new Fault(
      'misconfigured',
      `"${label}" cannot label a chaincode: use letters and digits, joined by . + - or _`,
    );
  }
  const connection = { address: 'set.by.each.peer:1', dial_timeout: '10s', tls_required: true };
  const json = (value: unknown) => Buffer.from(JSON.stringify(value));
  const code = gzip(tar([['connection.json', json(connection)]]));
  const bytes = gzip(
    tar([
      ['metadata.json', json({ path: '', type: 'ccaas', label })],
      ['code.tar.gz', code],
    ]),
  );
  return { label, packageId: `${label}:${createHash('sha256').update(bytes).digest('hex')}`, bytes };
}
