import { X509Certificate } from 'node:crypto';
import type { ConfigGroup } from '../../ledger/messages/index.ts';
import { type MspInConfig, readMsp } from '../../ledger/verify/channel-config.ts';
import type { Objection } from './guard.ts';

/** A root that another member has already: whoever lists it claims what that member issues, its gateway included. */
export function* foreignRoots(before: ConfigGroup, after: ConfigGroup): Generator<Objection> {
  const [former, present] = [mspsOf(before), mspsOf(after)];
  for (const [path, msp] of present) {
    const own = new Set([...former.values()].filter(({ mspId }) => mspId === msp.mspId).flatMap(rootsOf));
    const added = rootsOf(msp).filter((root) => !own.has(root));
    const others = [...present.values()].filter(({ mspId }) => mspId !== msp.mspId);
    for (const root of added) {
      const holder = others.find((other) => rootsOf(other).includes(root))?.mspId;
      if (holder === undefined) continue;
      const sentence = `${msp.mspId} would list a root of ${holder}: a root is one member's alone, and what it issued must not count as another's`;
      yield { code: 'ROOT_OF_ANOTHER', path: `${path}/MSP`, sentence };
    }
  }
}

function mspsOf(root: ConfigGroup): ReadonlyMap<string, MspInConfig> {
  const members = ['Application', 'Orderer'].flatMap((section) =>
    [...(root.groups.get(section)?.groups ?? [])].flatMap(([name, { values }]): [string, MspInConfig][] => {
      const value = values.get('MSP')?.value;
      return value === undefined ? [] : [[`/Channel/${section}/${name}`, readMsp(value)]];
    }),
  );
  return new Map(members);
}

function rootsOf({ rootCertificates, tlsRootCertificates }: MspInConfig): string[] {
  return [...rootCertificates, ...tlsRootCertificates].map((pem) => new X509Certificate(pem).fingerprint256);
}
