import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeptEntry, MspId, StorageNodeId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import type { KeyPair } from '@d-cloud/pipelines/seal';
import { z } from 'zod';
import { place } from '../backup/place.ts';
import { CustodyStore } from '../custody/custody-store.ts';
import type { GatewayLedger } from '../ledger.ts';
import { BlockIndex } from '../peer/block-index.ts';
import type { KeyProtection } from './key-protection.ts';
import { KeyStore } from './key-store.ts';
import { putOrganizationKey } from './organization-keys.ts';
import { keptEntries, type TakenIn, takeInKept } from './take-in-kept.ts';
import { recoveryName, unwrapOrganization } from './wrapped-keys.ts';

export type RecoverWish = {
  /** The gateway's data directory; there must be no key store in it. */
  readonly data: string;
  /** File of the organization's secret: it gets the one that is kept, also where there is another. */
  readonly organizationSecret: string;
  readonly organization: MspId;
  readonly channel: string;
  readonly ledger: Pick<GatewayLedger, 'evaluate'>;
  readonly recoveryKey: KeyPair;
  /** What the new key file is to be under; nothing for a plain one. */
  readonly protection?: KeyProtection | undefined;
  /** The own storage nodes: which blocks of own versions lie there is written down again, too. */
  readonly storageNodes: ReadonlySet<StorageNodeId>;
};

const organizationSchema = z.strictObject({
  v: z.literal(1),
  organizationSecret: z.base64(),
  agreementKeys: z.array(z.strictObject({ epoch: z.int().min(1), secret: z.base64() })).min(1),
});

/**
 * Builds a gateway's key store again from what its organization keeps on the ledger, with the recovery key: all of it or nothing. Every
 * version's keys are held against what the ledger commits to. Refuses where there is a key store, and writes over whatever else an earlier
 * try has left; the gateway must not run.
 */
export async function recoverKeys(wish: RecoverWish): Promise<TakenIn> {
  const { data, organization, channel, recoveryKey } = wish;
  if (existsSync(join(data, 'keys.sqlite')))
    throw new Fault('misconfigured', `There is a key store in ${data}: move it away first, nothing is written over.`);
  const entries = await Array.fromAsync(keptEntries(wish.ledger));
  const where = { channel, organization };
  const own = entries.find(({ name }) => name === 'organization/own');
  if (own === undefined)
    throw new Fault('misconfigured', `The ledger keeps no keys of ${organization}: restore a backup instead.`);
  const secrets = organizationSchema.parse(
    JSON.parse(Buffer.from(await unwrapOrganization(where, bytesOf(own), recoveryKey)).toString('utf8')),
  );
  await mkdir(data, { recursive: true, mode: 0o700 });
  const staged = await mkdtemp(join(data, '.restore-'));
  try {
    const recovered = await fill();
    // In its own folder, which may be on another disk.
    const secretFile = `${wish.organizationSecret}.recovered`;
    await writeFile(secretFile, Buffer.from(secrets.organizationSecret, 'base64'), { mode: 0o600, flush: true });
    await place(secretFile, wish.organizationSecret);
    // The key store comes last: what was killed before is begun again.
    const files = (await readdir(staged)).toSorted((a, b) => Number(a === 'keys.sqlite') - Number(b === 'keys.sqlite'));
    for (const file of files) {
      // The log of a database that was lost would be read into this one.
      for (const beside of ['-wal', '-shm']) await rm(join(data, file + beside), { force: true });
      await place(join(staged, file), join(data, file));
    }
    return recovered;
  } finally {
    await rm(staged, { recursive: true, force: true });
  }

  async function fill(): Promise<TakenIn> {
    using keys = KeyStore.open({
      file: join(staged, 'keys.sqlite'),
      keyFile: join(staged, 'key-store.key'),
      random: randomBytes,
      protection: wish.protection,
    });
    using custody = new CustodyStore(join(staged, 'custody.sqlite'));
    for (const { epoch, secret } of secrets.agreementKeys)
      putOrganizationKey(keys, epoch, Buffer.from(secret, 'base64'));
    const openers = [{ to: recoveryName, pair: recoveryKey }];
    // Lines only come to what is there: those of other organizations' blocks stay, and a try that fails leaves nothing wrong.
    using index = new BlockIndex(join(data, 'blocks.sqlite'));
    const storage = { organization, storageNodes: wish.storageNodes, index };
    return await takeInKept({ keys, custody, storage, ledger: wish.ledger, where, openers }, entries);
  }
}

const bytesOf = ({ value }: KeptEntry) => Buffer.from(value, 'base64');
