import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { machineRuntime } from '@d-cloud/pipelines/infer';
import { type Credentials, signIn } from '../cli/credentials.ts';
import { Problem, type RestClient } from '../cli/rest.ts';
import type { FoundNetwork } from './found.ts';
import { layoutOf } from './layout.ts';

/** Purposes that a new consortium starts with: ids of the W3C Data Privacy Vocabulary (https://w3id.org/dpv). */
const purposes = [
  { id: 'dpv:ResearchAndDevelopment', label: 'Research and development' },
  { id: 'dpv:AcademicResearch', label: 'Academic research' },
  { id: 'dpv:ServiceProvision', label: 'Providing a service' },
  { id: 'dpv:FraudPreventionAndDetection', label: 'Preventing and detecting fraud' },
  { id: 'dpv:Marketing', label: 'Marketing' },
];

const organizationsWithinMs = 30_000;

/** Brings a started network to its first working state: purposes, storage nodes and compute nodes on the ledger. Done again, it changes nothing. */
export async function joinConsortium(
  directory: string,
  { description }: FoundNetwork,
  credentials: Credentials,
): Promise<void> {
  const { organizations } = description;
  const operator = organizations.at(-1)!.name;
  await everyOrganization(signIn(credentials, operator, 'admin'), organizations.length);
  await once(() =>
    signIn(credentials, operator, 'admin').call('PUT', '/purposes', {
      body: { purposes },
      idempotencyKey: 'join-purposes',
    }),
  );
  const runtime = machineRuntime();
  await Promise.all(
    organizations.map(async ({ name, storageNodes, computeNodes }) => {
      const rest = signIn(credentials, name, 'operator');
      for (const { id, disk, capacityBytes } of storageNodes) {
        const body = { id, host: `this-machine-${name}`, disk, capacityBytes };
        await once(() => rest.call('POST', '/storage-nodes', { body, idempotencyKey: `join-${id}` }));
      }
      for (const { id, classes } of computeNodes) {
        const certificate = new X509Certificate(
          await readFile(layoutOf(directory).ofOrganization(name).certificate(id)),
        );
        const publicKey = certificate.publicKey.export({ type: 'spki', format: 'pem' });
        const body = { id, publicKey: publicKey.toString(), classes, runtime };
        await once(() => rest.call('POST', '/compute-nodes', { body, idempotencyKey: `join-${id}` }));
      }
    }),
  );
}

/** Gateways register their organizations themselves, beside serving. */
async function everyOrganization(rest: RestClient, count: number): Promise<void> {
  const until = performance.now() + organizationsWithinMs;
  for (;;) {
    const { items } = await rest.call<{ items: unknown[] }>('GET', '/organizations');
    if (items.length >= count) return;
    if (performance.now() > until)
      throw new Error(`only ${items.length} of ${count} organizations registered themselves on the ledger`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A record that is there already is what was wanted. */
async function once(act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 409) throw error;
  }
}
