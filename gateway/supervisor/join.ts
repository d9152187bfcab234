import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { machineRuntime } from '@d-cloud/pipelines/infer';
import { type Credentials, signIn } from '../cli/credentials.ts';
import { Problem, type RestClient } from '../cli/rest.ts';
import { membersOf } from './description.ts';
import type { FoundNetwork } from './found.ts';
import { layoutOf } from './layout.ts';
import { isLoopback } from './plan.ts';

/** Purposes that a new consortium starts with: ids of the W3C Data Privacy Vocabulary (https://w3id.org/dpv). */
const purposes = [
  { id: 'dpv:ResearchAndDevelopment', label: 'Research and development' },
  { id: 'dpv:AcademicResearch', label: 'Academic research' },
  { id: 'dpv:ServiceProvision', label: 'Providing a service' },
  { id: 'dpv:FraudPreventionAndDetection', label: 'Preventing and detecting fraud' },
  { id: 'dpv:Marketing', label: 'Marketing' },
];

const organizationsWithinMs = 30_000;
const lookMs = 100;
const retryMs = 2_000;

/**
 * Brings a started network to its first working state: purposes, storage nodes and compute nodes of the organizations here that are members
 * (MSP ids) on the ledger. Done again, it changes nothing. Where other machines take part it waits for enough of them.
 */
export async function joinConsortium(
  directory: string,
  { description }: FoundNetwork,
  credentials: Credentials,
  { members, signal }: { readonly members: ReadonlySet<string>; readonly signal: AbortSignal },
): Promise<void> {
  const { others } = description;
  const organizations = description.organizations.filter(({ mspId }) => members.has(mspId));
  const [first] = organizations;
  if (first === undefined) return;
  const wait = { patient: others.length > 0, signal };
  const own = new Set(organizations.map(({ mspId }) => mspId));
  await everyOrganization(signIn(credentials, first.name, 'admin'), own, wait);
  const operator = membersOf(description).at(-1)!.name;
  if (organizations.some(({ name }) => name === operator)) {
    const rest = signIn(credentials, operator, 'admin');
    await once(() => rest.call('PUT', '/purposes', { body: { purposes }, idempotencyKey: 'join-purposes' }), wait);
  }
  const runtime = machineRuntime();
  await Promise.all(
    organizations.map(async ({ name, host, storageNodes, computeNodes }) => {
      const rest = signIn(credentials, name, 'operator');
      for (const { id, disk, capacityBytes, pricePerGibMonth } of storageNodes) {
        const place = { host: isLoopback(host) ? `this-machine-${name}` : host, disk };
        const body = { id, ...place, capacityBytes, ...(pricePerGibMonth !== undefined && { pricePerGibMonth }) };
        await once(() => rest.call('POST', '/storage-nodes', { body, idempotencyKey: `join-${id}` }), wait);
      }
      for (const { id, classes } of computeNodes) {
        const certificate = new X509Certificate(
          await readFile(layoutOf(directory).ofOrganization(name).certificate(id)),
        );
        const publicKey = certificate.publicKey.export({ type: 'spki', format: 'pem' });
        const body = { id, publicKey: publicKey.toString(), classes, runtime };
        await once(() => rest.call('POST', '/compute-nodes', { body, idempotencyKey: `join-${id}` }), wait);
      }
    }),
  );
}

/** `patient` where machines of others are waited for, however long they take. */
type Wait = { readonly patient: boolean; readonly signal: AbortSignal };

/** Gateways register their organizations themselves, beside serving. */
async function everyOrganization(
  rest: RestClient,
  wanted: ReadonlySet<string>,
  { patient, signal }: Wait,
): Promise<void> {
  const until = performance.now() + organizationsWithinMs;
  for (;;) {
    const { items } = await rest.call<{ items: { mspId: string }[] }>('GET', '/organizations');
    const registered = items.filter(({ mspId }) => wanted.has(mspId)).length;
    if (registered === wanted.size) return;
    if (!patient && performance.now() > until)
      throw new Error(`only ${registered} of ${wanted.size} organizations registered themselves on the ledger`);
    await setTimeout(lookMs, undefined, { signal });
  }
}

/** A record that is there already is what was wanted, and who has left joins nothing any more. */
async function once(act: () => Promise<unknown>, { patient, signal }: Wait): Promise<void> {
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if (error instanceof Problem && (error.status === 409 || error.code === 'ORGANIZATION_LEFT')) return;
      if (!patient || !(error instanceof Problem) || !error.retryable) throw error;
    }
    await setTimeout(retryMs, undefined, { signal });
  }
}
