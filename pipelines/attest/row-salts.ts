import { createCipheriv, hkdfSync } from 'node:crypto';

export const saltBytes = 16;

/**
 * The salts of one batch's rows, 16 bytes each: an AES-256-CTR keystream (counter from zero) under
 * HKDF-SHA256(job secret, no salt, label || partition u32 || batch u32). No token is in it, so replicas of a partition
 * make equal trees. Without the secret nobody can guess a row from its leaf.
 */
export function rowSalts(jobSecret: Uint8Array, partition: number, batch: number, rows: number): Uint8Array {
  if (jobSecret.length !== 32) throw new RangeError('a job secret has 32 bytes');
  const label = Buffer.from('dcloud/row-salts/1\0');
  const info = Buffer.alloc(label.length + 8);
  label.copy(info);
  info.writeUInt32BE(partition, label.length);
  info.writeUInt32BE(batch, label.length + 4);
  const key = new Uint8Array(hkdfSync('sha256', jobSecret, new Uint8Array(0), info, 32));
  return createCipheriv('aes-256-ctr', key, new Uint8Array(16)).update(new Uint8Array(rows * saltBytes));
}
