import { type Id, type IdKind, idFrom, type RequestStamp } from '@d-cloud/chaincode/domain';
import type { Caller } from '../auth/caller.ts';
import type { Foundation } from '../services.ts';
import type { RouteRequest } from './route.ts';

type Powers = Pick<RouteRequest, 'ledger' | 'stamp' | 'submit' | 'mint' | 'derive'>;

/**
 * What a handler may do in this caller's name. Stamps, ids and salts follow from (organization secret, person, key): the same request sent
 * again, to a gateway that has forgotten the first, names the same records, and the ledger answers with its first result.
 */
export function requestPowers(foundation: Foundation, caller: Caller, key: string, digest: string): Powers {
  const { keyedHash } = foundation;
  const ledger = foundation.ledger.as(caller.role);
  const stamp = (step = ''): RequestStamp => ({
    key: Buffer.from(keyedHash('request-key', caller.person, key, step)).toString('hex'),
    person: caller.person,
    digest,
  });
  return {
    ledger,
    stamp,
    submit(name, body, { step, ...options } = {}) {
      return ledger.submit(name, body, stamp(step), options);
    },
    mint<K extends IdKind>(kind: K, part = ''): Id<K> {
      return idFrom(kind, keyedHash('id', caller.person, key, kind, part).subarray(0, 16));
    },
    derive: (part) => keyedHash('derive', caller.person, key, part),
  };
}
