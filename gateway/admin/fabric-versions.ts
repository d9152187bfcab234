import type { Versions } from '@d-cloud/network/admin';
import type { OtherGateways } from './other-gateways.ts';

/** What every member's peers run, as far as their gateways tell; who does not tell runs the lowest. */
export async function fabricVersions(
  own: { readonly mspId: string; readonly version: Versions['lowest'] },
  others: OtherGateways,
  members: Iterable<string>,
): Promise<Versions> {
  const told = new Map<string, Versions['lowest']>([[own.mspId, own.version]]);
  await Promise.all(
    others.places().map(async (place) => {
      const version = await others.fabricVersion(place).catch(() => undefined);
      if (version !== undefined) told.set(place.organization, version);
    }),
  );
  const all = [...members].map((mspId) => [mspId, told.get(mspId)] as const);
  return {
    lowest: all.every(([, version]) => version === '3.1') ? '3.1' : '2.5',
    told: all.map(([mspId, version]) => `${mspId} ${version ?? 'does not say'}`).join(', '),
  };
}
