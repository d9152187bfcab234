import { once } from 'node:events';
import { type OrganizationRecord, Refusal, type RequestStamp } from '@d-cloud/chaincode/domain';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import type { OpenBytePowers } from '../byte-powers.ts';
import type { Foundation } from '../services.ts';
import { announceOrganization } from './announce-organization.ts';

/** A ledger of one record that answers the same stamp once, as the chaincode does. */
class OneRecord extends EventTarget {
  record: OrganizationRecord | undefined;
  readonly #answered = new Set<string>();

  async evaluate(): Promise<OrganizationRecord> {
    if (this.record === undefined) throw new Refusal('ORGANIZATION_NOT_FOUND', 'not registered');
    return this.record;
  }

  async submit(_name: string, body: object, { key, digest }: RequestStamp): Promise<object> {
    if (!this.#answered.has(`${key} ${digest}`)) {
      this.record = { ...body, agreementKeys: [{ epoch: 1, publicKey: 'key' }] } as unknown as OrganizationRecord;
    }
    this.#answered.add(`${key} ${digest}`);
    setImmediate(() => this.dispatchEvent(new Event('submitted')));
    return {};
  }
}

test('an organization that moves back and forth is found where it is now', async () => {
  const ledger = new OneRecord();
  let starts = 0;
  for (const address of ['https://a:1', 'https://b:1', 'https://a:1', 'https://b:1']) {
    const start = ++starts;
    const foundation = {
      config: { organization: { name: 'alder' } },
      organization: 'AlderMSP',
      ledger,
      log: pino({ level: 'silent' }),
      keyedHash: () => new Uint8Array(32),
      random: (bytes: number) => new Uint8Array(bytes).fill(start),
    } as unknown as Foundation;
    const submitted = once(ledger, 'submitted');
    await using _announced = announceOrganization(foundation, {
      peerAddress: address,
      agreementKey: () => 'key',
    } as unknown as OpenBytePowers);
    await submitted;
    expect(ledger.record?.gatewayAddress).toBe(address);
  }
});
