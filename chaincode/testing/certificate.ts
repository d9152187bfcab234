import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A caller's key and its certificate with the attribute `dcloud.role`, as Fabric CA writes it. */
export type TestIdentity = {
  readonly mspId: string;
  readonly certificate: string;
  readonly privateKey: KeyObject;
  /** SPKI PEM. */
  readonly publicKey: string;
};

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const size = body.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
};
const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const oid = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const name = (text: string) => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(text)))));
const time = (text: string) => der(0x17, Buffer.from(text));

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
/** 1.2.3.4.5.6.7.8.1, Fabric CA's attributes: raw JSON. */
const attributesOid = oid('2a03040506070801');

/** Makes a self-signed P-256 certificate; nothing here checks its chain, peers have done that. */
export function testIdentity(mspId: string, role: string | undefined): TestIdentity {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const attributes = Buffer.from(JSON.stringify({ attrs: role === undefined ? {} : { 'dcloud.role': role } }));
  const subject = name(`${role ?? 'nobody'}.${mspId}`);
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ecdsaWithSha256,
    subject,
    sequence(time('260101000000Z'), time('360101000000Z')),
    subject,
    publicKey.export({ format: 'der', type: 'spki' }),
    der(0xa3, sequence(sequence(attributesOid, der(0x04, attributes)))),
  );
  const certificate = sequence(body, ecdsaWithSha256, der(0x03, Buffer.from([0]), sign('sha256', body, privateKey)));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    mspId,
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    privateKey,
    publicKey: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  };
}
