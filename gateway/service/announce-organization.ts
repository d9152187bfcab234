import { type OrganizationRecord, Refusal, sha256 } from '@d-cloud/chaincode/domain';
import { Fault } from '@d-cloud/network/ledger';
import { gatewayPerson } from '../background/gateway-stamp.ts';
import { pause } from '../background/pause.ts';
import type { OpenBytePowers } from '../byte-powers.ts';
import { absentOr } from '../ledger.ts';
import type { Foundation } from '../services.ts';

const retryMs = { first: 250, most: 10_000 };

/**
 * Keeps the organization's own record true: name, the address other gateways reach it at, its key-encryption key, its recovery key. Runs beside
 * serving, because a consortium must be able to start in any order; tries again until the ledger has it.
 */
export function announceOrganization(
  foundation: Foundation,
  { peerAddress, agreementKey }: OpenBytePowers,
): AsyncDisposable {
  const stop = new AbortController();
  const running =
    peerAddress === undefined || agreementKey === undefined
      ? Promise.resolve()
      : announce(foundation, { gatewayAddress: peerAddress, agreementKey }, stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

type Told = Pick<OrganizationRecord, 'gatewayAddress'> & {
  readonly agreementKey: NonNullable<OpenBytePowers['agreementKey']>;
};

async function announce(foundation: Foundation, told: Told, signal: AbortSignal): Promise<void> {
  const { config, ledger, organization, log } = foundation;
  const { gatewayAddress, agreementKey } = told;
  const { recoveryKey } = config;
  // A key of its own for each start: a move back to where the gateway once was is a new request, not the old one again.
  const key = Buffer.from(foundation.random(16)).toString('hex');
  for (let wait = retryMs.first; !signal.aborted; wait = Math.min(wait * 2, retryMs.most)) {
    try {
      const known = await absentOr(ledger.evaluate('organization:get', { mspId: organization }, { signal }));
      // Before anything else: a key store that is not the registered one's has to be seen at the start.
      const ownKey = agreementKey(known);
      const isTold = known?.name === config.organization.name && known.gatewayAddress === gatewayAddress;
      if (isTold && (recoveryKey === undefined || known.recoveryKey !== undefined)) return;
      const body = {
        name: config.organization.name,
        gatewayAddress,
        agreementKey: ownKey,
        ...(recoveryKey !== undefined && known?.recoveryKey === undefined && { recoveryKey }),
      };
      const stamp = {
        key,
        person: gatewayPerson(foundation.keyedHash),
        digest: sha256(JSON.stringify(body)),
      };
      await ledger.submit('organization:register', body, stamp, { signal });
      log.info({ gatewayAddress }, 'registered this organization on the ledger');
      return;
    } catch (error) {
      if (signal.aborted) return;
      // A rule's no, such as another key on the ledger, does not change by asking: a person has to look.
      const isFinal = error instanceof Refusal || (error instanceof Fault && error.kind === 'misconfigured');
      log[isFinal ? 'error' : 'warn']({ err: error }, 'this organization is not announced on the ledger');
      if (isFinal) return;
    }
    await pause(wait, signal);
  }
}
