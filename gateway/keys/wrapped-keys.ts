import type { DatasetId, MspId } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import {
  type KeyPair,
  openKeyRelease,
  parseKeyRelease,
  type ReleaseContext,
  SealFault,
  sealKeyRelease,
} from '@d-cloud/pipelines/seal';
import { z } from 'zod';

/** To whom something is wrapped: the organization's key of an epoch, or its recovery key. */
export type Wrapper = { readonly to: string; readonly publicKey: Uint8Array };
export type WrapWhere = { readonly channel: string; readonly organization: MspId };

/** Whose private key opens a wrap. */
export type Opener = { readonly to: string; readonly pair: KeyPair };

export const recoveryName = 'recovery';
export const organizationWrapper = (epoch: number): string => `organization-${epoch}`;

const schema = z.strictObject({
  v: z.literal(1),
  wraps: z.array(z.strictObject({ to: z.string().max(64), release: z.unknown() })).min(1),
});

/** Wraps a dataset's key by HPKE, once for each recipient. Who, what and which epoch is bound into every one. */
export async function wrapDatasetKey(
  where: WrapWhere,
  named: { readonly dataset: DatasetId; readonly epoch: number },
  key: Uint8Array,
  wrappers: readonly Wrapper[],
): Promise<Uint8Array> {
  return wrap(wrappers, (to) => contextOf(where, named.dataset, named.epoch, to), key);
}

/** Unwraps a dataset's key with the first of these keys that it was wrapped to. */
export async function unwrapDatasetKey(
  where: WrapWhere,
  { dataset, epoch }: { readonly dataset: DatasetId; readonly epoch: number },
  wrapped: Uint8Array,
  openers: readonly Opener[],
): Promise<Uint8Array> {
  return unwrap(wrapped, dataset, (to) => contextOf(where, dataset, epoch, to), openers);
}

/** Wraps what of the organization is secret, to its recovery key alone. */
export async function wrapOrganization(where: WrapWhere, text: Uint8Array, recovery: Uint8Array): Promise<Uint8Array> {
  return wrap([{ to: recoveryName, publicKey: recovery }], (to) => contextOf(where, 'organization', 0, to), text);
}

export async function unwrapOrganization(where: WrapWhere, wrapped: Uint8Array, pair: KeyPair): Promise<Uint8Array> {
  return unwrap(wrapped, 'the organization', (to) => contextOf(where, 'organization', 0, to), [
    { to: recoveryName, pair },
  ]);
}

function contextOf({ channel, organization }: WrapWhere, what: string, epoch: number, to: string): ReleaseContext {
  // What stands where a release names its transaction and purpose can be in no release: these are no ids and no purposes.
  return { channel, dataset: what, version: 'kept', epoch, grantee: organization, purpose: 'keep', transaction: to };
}

async function wrap(
  wrappers: readonly Wrapper[],
  context: (to: string) => ReleaseContext,
  key: Uint8Array,
): Promise<Uint8Array> {
  const wraps = await Promise.all(
    wrappers.map(async ({ to, publicKey }) => ({ to, release: await sealKeyRelease(publicKey, context(to), key) })),
  );
  return Buffer.from(JSON.stringify({ v: 1, wraps }));
}

async function unwrap(
  wrapped: Uint8Array,
  what: string,
  context: (to: string) => ReleaseContext,
  openers: readonly Opener[],
): Promise<Uint8Array> {
  const parsed = schema.safeParse(JSON.parse(Buffer.from(wrapped).toString('utf8')));
  for (const { to, pair } of openers) {
    const found = parsed.data?.wraps.find((one) => one.to === to);
    if (found === undefined) continue;
    try {
      return await openKeyRelease(pair, context(to), parseKeyRelease(found.release));
    } catch (cause) {
      if (!(cause instanceof SealFault)) throw cause;
      throw new Fault('misconfigured', `This key does not open what is kept of ${what}.`, { cause });
    }
  }
  throw new Fault('misconfigured', `What is kept of ${what} is wrapped to no key that is here.`);
}
