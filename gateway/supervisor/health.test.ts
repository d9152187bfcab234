import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { refuseExpired, renewEnding } from './certificates.ts';
import { descriptionOf, keepDescription, planDirectory, readDescription, wantedByDefault } from './described.ts';
import { portsOf } from './description.ts';
import { foundNetwork } from './found.ts';
import { networkHealth } from './health.ts';
import { layoutOf } from './layout.ts';
import { startSupervisor } from './start.ts';
import type { SupervisorState } from './state.ts';

const dayMs = 24 * 60 * 60_000;
const now = new Date();
const inDays = (days: number) => new Date(now.getTime() + days * dayMs);
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dcloud-health-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function foundReal(): Promise<void> {
  const { planned } = await planDirectory(directory, { wanted: wantedByDefault({ kind: 'real' }) });
  await keepDescription(directory, planned);
  await foundNetwork(directory, now);
}

const running = (...names: string[]): SupervisorState => ({
  pid: 1,
  phase: 'ready',
  step: '',
  processes: names.map((name) => ({ name, state: 'ready', pid: 2, restarts: 0 })),
});

describe('the health of a network', () => {
  test('names every certificate that ends within 90 days, TLS of orderers included, the first to end in front', async () => {
    await foundReal();
    expect((await networkHealth(directory, undefined, now))!.certificates).toEqual([]);
    const { certificates, warnings } = (await networkHealth(directory, undefined, inDays(336)))!;
    const told = certificates.map(({ organization, holder, warning }) => `${organization} ${holder} ${warning}`);
    expect(told).toEqual(
      expect.arrayContaining([
        'AlderMSP orderer (TLS) 30 days',
        'CedarMSP peer 30 days',
        'BirchMSP gateway (TLS) 30 days',
      ]),
    );
    expect(certificates.length).toBeGreaterThanOrEqual(3 * 2 * 9);
    expect(warnings).toHaveLength(certificates.length);
    expect(warnings[0]).toMatch(/ends in 2\d days: renew it with dcloud network renew\.$/);
    const left = certificates.map(({ daysLeft }) => daysLeft);
    expect(left).toEqual(left.toSorted((a, b) => a - b));
    expect((await networkHealth(directory, undefined, inDays(360)))!.certificates[0]!.warning).toBe('7 days');
    expect((await networkHealth(directory, undefined, inDays(290)))!.certificates[0]!.warning).toBe('90 days');
  }, 60_000);

  test('says so when too few orderers run for anything to be written, and which', async () => {
    await foundReal();
    const all = ['orderer-alder', 'orderer-birch', 'orderer-cedar'];
    expect((await networkHealth(directory, running(...all), now))!.warnings).toEqual([]);
    expect((await networkHealth(directory, running(...all.slice(1)), now))!.warnings).toEqual([]);
    expect((await networkHealth(directory, running('orderer-birch'), now))!.warnings).toEqual([
      'Only 1 of 3 orderers answers and 2 are needed: nothing can be written until orderer-alder, orderer-cedar are back.',
    ]);
  }, 60_000);

  test('is nothing where there is no network', async () => {
    expect(await networkHealth(directory, undefined, now)).toBeUndefined();
  });
});

describe('a network is not started', () => {
  test('with a certificate that has ended, and every one is named with what to do', async () => {
    await foundReal();
    const description = (await readDescription(directory))!;
    await expect(refuseExpired(directory, description, inDays(300))).resolves.toBeUndefined();
    const late = refuseExpired(directory, description, inDays(366));
    await expect(late).rejects.toThrow(
      /^Certificates of AlderMSP \(.*orderer \(TLS\) on 20.*have ended.*dcloud network renew/,
    );
    // Roles only sign what people ask for: their end is a warning.
    await expect(refuseExpired(directory, description, inDays(366))).rejects.not.toThrow('compliance');
    const orderer = async () =>
      new X509Certificate(await readFile(layoutOf(directory).ofOrganization('alder').tlsCertificate('orderer')));
    const before = await orderer();
    const renewed = await renewEnding(directory, description, { now: inDays(366), withinDays: 30 });
    expect(renewed).toEqual(expect.arrayContaining(['orderer of alder', 'gateway of birch', 'compliance of cedar']));
    const after = await orderer();
    expect(after.publicKey.equals(before.publicKey)).toBe(true);
    expect(after.subjectAltName).toBe(before.subjectAltName);
    await expect(refuseExpired(directory, description, inDays(366))).resolves.toBeUndefined();
    expect(await renewEnding(directory, description, { now: inDays(366), withinDays: 30 })).toEqual([]);
  }, 60_000);

  test('from what is left of one without its description', async () => {
    await foundReal();
    await rm(layoutOf(directory).description);
    await expect(descriptionOf(directory)).rejects.toThrow(
      /network\.json is missing beside organizations that have keys/,
    );
  }, 60_000);

  test('from an organization that was copied in part', async () => {
    await foundReal();
    await rm(join(layoutOf(directory).ofOrganization('birch').directory, 'organization.json'));
    await expect(foundNetwork(directory, now)).rejects.toThrow(/birch is not a complete organization/);
    await rm(layoutOf(directory).ofOrganization('cedar').key('peer'));
    await writeFile(
      join(layoutOf(directory).ofOrganization('birch').directory, 'organization.json'),
      '{"version":1,"name":"birch","mspId":"BirchMSP"}',
    );
    await expect(foundNetwork(directory, now)).rejects.toThrow(/the signing key: there must be exactly one file/);
  }, 60_000);

  test('onto a port that a stranger has, whichever of its programs needs it', async () => {
    await foundReal();
    const [port] = portsOf((await readDescription(directory))!)
      .map((one) => one.port)
      .slice(-1);
    const stranger = createServer().listen(port, '127.0.0.1');
    await once(stranger, 'listening');
    await expect(startSupervisor(directory, { onStep: () => undefined, withinMs: 1_000 })).rejects.toThrow(
      `Port ${port} on this machine is taken by another program`,
    );
    stranger.close();
    await once(stranger, 'close');
  }, 60_000);
});
