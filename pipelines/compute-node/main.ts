/** The compute node: claims open partitions, one at a time, and runs them. Its only argument is the path of its configuration. */
import { createPrivateKey, randomInt, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  type ComputeNodeId,
  type ComputeNodeRecord,
  type JobRecord,
  type MspId,
  Refusal,
} from '@d-cloud/chaincode/domain';
import { ChannelTrust } from '@d-cloud/network/peers';
import pino, { type Logger } from 'pino';
import { p256Signer } from '../attest/index.ts';
import { sandboxConfinement } from '../infer/index.ts';
import { SealThreads } from '../seal/index.ts';
import { type ComputeNodeConfig, readConfig } from './config.ts';
import { Heartbeat } from './heartbeat.ts';
import { NodeLedger } from './node-ledger.ts';
import { OpenModels } from './open-models.ts';
import { type ClaimedPartition, claimPartitions } from './open-partitions.ts';
import { Peers } from './peers.ts';
import { type NodePowers, runClaim } from './run-claim.ts';
import { StoredBlocks } from './stored-blocks.ts';
import { Wake } from './wake.ts';

const registrationPauseMs = 500;
const followPauseMs = 1_000;

async function run(config: ComputeNodeConfig, log: Logger, signal: AbortSignal): Promise<void> {
  const pem = (path: string) => readFile(path, 'utf8');
  const certificate = await pem(config.identity.certificate);
  const key = await pem(config.identity.key);
  const { mspId } = config.organization;
  await using ledger = new NodeLedger({
    address: config.ledger.address,
    fallbacks: config.ledger.fallbacks,
    tlsRoot: await pem(config.ledger.tlsRoot),
    serverName: config.ledger.serverName,
    mspId,
    certificate,
    key,
    channel: config.channel,
    chaincode: config.chaincode,
    node: config.id,
  });
  const addressOf = async (organization: MspId) => {
    const { gatewayAddress } = await ledger.evaluate('organization:get', { mspId: organization }, signal);
    return gatewayAddress;
  };
  const trust = new ChannelTrust();
  const tls = { certificate: await pem(config.tls.certificate), key: await pem(config.tls.key) };
  using peers = new Peers(
    {
      tls,
      get roots() {
        return trust.roots;
      },
    },
    addressOf,
  );
  await using blocks = new StoredBlocks(peers, addressOf);
  await using models = new OpenModels();
  await using threads = new SealThreads(1);
  process.stdout.write(`${JSON.stringify({ ready: true, node: config.id })}\n`);

  using wake = new Wake(config.pollMs);
  void follow(ledger, trust, wake, log, signal);
  const node = await registered(ledger, config.id as ComputeNodeId, signal);
  // Without knowing whom to trust, a claim would only cost one of its partition's attempts.
  while (trust.sequence < 0 && !signal.aborted) await wake.next(signal);
  const confinement = sandboxConfinement();
  if (confinement.network === 'open')
    log.warn(
      { confinement },
      "children cannot be cut off from the network here: other organizations' models are not run",
    );
  log.info({ node: node.id, confinement, classes: node.classes, runtime: node.runtime }, 'looking for partitions');
  const powers: NodePowers = {
    channel: config.channel,
    ledger,
    peers,
    blocks,
    models,
    threads,
    node,
    signer: p256Signer(createPrivateKey(key)),
    certificateSerial: new X509Certificate(certificate).serialNumber.toLowerCase(),
    now: () => new Date(),
    log,
  };
  const claims = claimPartitions({
    ledger,
    node: node.id,
    wake: () => wake.next(signal),
    pick: (count) => (count === 0 ? 0 : randomInt(count)),
    takes: ({ modelOwner }) => confinement.network !== 'open' || modelOwner === mspId,
    signal,
    onFault: (error) => log.warn({ err: error }, 'looking for partitions failed'),
  });
  for await (const claimed of claims) await work(powers, claimed, config.heartbeatMs, signal);
}

/** Keeps the node's trust to the channel's configuration and wakes it at every block; begins again after faults. */
async function follow(
  ledger: NodeLedger,
  trust: ChannelTrust,
  wake: Wake,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await ledger.follow(trust, () => wake.now(), signal);
    } catch (error) {
      if (signal.aborted) return;
      log.warn({ err: error }, 'not following the channel: polling only');
    }
    await new Promise((resolve) => setTimeout(resolve, followPauseMs));
  }
}

/** Runs one claim; whatever goes wrong ends this claim and not the node. */
async function work(
  powers: NodePowers,
  { partition, ephemeral }: ClaimedPartition,
  heartbeatMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { ledger, peers, log } = powers;
  const { job: id, index, claim, rows } = partition;
  if (claim === undefined) return;
  const told = log.child({ job: id, partition: index, token: claim.token });
  let job: JobRecord;
  try {
    job = await ledger.evaluate('job:get', { id }, signal);
  } catch (error) {
    if (!signal.aborted) await giveBack(powers, partition, claim.token, error, told);
    return;
  }
  using heartbeat = new Heartbeat(async ({ rowsDone, stage }) => {
    const beat = { job: id, partition: index, token: claim.token, rowsDone, rows, stage };
    await peers.send('POST', job.requester, '/v1/heartbeats', beat, { withinMs: 5_000, signal });
  }, heartbeatMs);
  const ends = AbortSignal.any([signal, heartbeat.lost]);
  const began = performance.now();
  try {
    await runClaim(powers, { job, partition, claim, ephemeral }, heartbeat, ends);
    told.info({ rows, ms: Math.round(performance.now() - began) }, 'attested');
  } catch (error) {
    if (signal.aborted) return;
    told.warn({ err: error }, 'the partition was not finished');
    // A claim that was taken away is not ours to give back.
    if (heartbeat.lost.aborted || (error instanceof Refusal && error.code === 'FENCED')) return;
    await giveBack(powers, partition, claim.token, error, told);
  }
}

async function giveBack(
  { ledger }: NodePowers,
  { job, index }: ClaimedPartition['partition'],
  token: number,
  error: unknown,
  log: Logger,
): Promise<void> {
  const reason = (error instanceof Error ? error.message : String(error)).replace(/[^\x20-\x7e]+/g, ' ').slice(0, 200);
  try {
    await ledger.submit('partition:release', { job, index, token, reason });
  } catch (failure) {
    log.warn({ err: failure }, 'the partition could not be given back; the requester will take it');
  }
}

/** Waits until the node's operator has registered it. */
async function registered(ledger: NodeLedger, id: ComputeNodeId, signal: AbortSignal): Promise<ComputeNodeRecord> {
  for (;;) {
    try {
      return await ledger.evaluate('compute-node:get', { id }, signal);
    } catch (error) {
      if (signal.aborted) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, registrationPauseMs));
  }
}

const stop = new AbortController();
for (const name of ['SIGTERM', 'SIGINT'] as const)
  process.once(name, () => stop.abort(new Error('the compute node stops')));
const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: compute-node <configuration file>');
const config = await readConfig(file);
const log = pino({ level: config.logLevel, base: { node: config.id } }, pino.destination(2));
try {
  await run(config, log, stop.signal);
} catch (error) {
  if (!stop.signal.aborted) {
    log.fatal({ err: error }, 'the compute node ends');
    process.exitCode = 1;
  }
}
