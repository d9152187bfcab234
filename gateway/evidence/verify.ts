import { X509Certificate } from 'node:crypto';
import { keyIdOf, sha256 } from '@d-cloud/chaincode/domain';
import { SerializedIdentity } from '@d-cloud/network/ledger/messages';
import { type ChannelConfig, verifyMember } from '@d-cloud/network/ledger/verify';
import { verifyEnvelope } from '@d-cloud/pipelines/attest';
import { type Check, Checks, must, needed } from './checks.ts';
import { type EvidencePack, encodePack, evidencePackSchema, packIndex, packIndexType } from './pack.ts';
import { verifyBlocks, verifyConfigs, verifyTransactions } from './verify-blocks.ts';
import { verifyJobEnds, verifyModel, verifyRight, verifyStatements } from './verify-job.ts';
import { verifyRows } from './verify-rows.ts';

export type Verdict = {
  readonly ok: boolean;
  readonly checks: readonly Check[];
  /** What the pack itself says it does not show. */
  readonly notes: readonly string[];
};

/** Larger files are not read. */
export const longestPack = 256 * 1024 * 1024;

/**
 * Checks an evidence file offline, from its bytes and the pinned hash of the channel's genesis block (hex) alone: no gateway, no ledger. Every check
 * is named and says in a sentence what holds or why not. Never throws because of what is in the file.
 */
export function verifyEvidence(bytes: Uint8Array, genesisHash: string, chaincode = 'dcloud'): Verdict {
  const checks = new Checks();
  const pack = checks.run('format', () => readPack(bytes));
  const configs = checks.run('genesis', () => verifyConfigs(needed(pack), genesisHash));
  checks.run('packing', () => verifyIndex(needed(pack), needed(configs)));
  const blocks = checks.run('blocks', () => verifyBlocks(needed(pack), needed(configs)));
  const facts = checks.run('transactions', () => verifyTransactions(needed(blocks), needed(configs), chaincode));
  const job = checks.run('job', () => verifyJobEnds(needed(pack), needed(facts)));
  checks.run('right', () => verifyRight(needed(facts), needed(job).requested));
  checks.run('model', () => verifyModel(needed(facts), needed(job).requested));
  const partitions = checks.run('statements', () => verifyStatements(needed(pack), needed(facts), needed(job)));
  checks.run('rows', () => {
    const { record } = needed(job).requested;
    return verifyRows(
      needed(pack),
      record,
      needed(needed(facts).versions.get(record.version)).record,
      needed(partitions),
    );
  });
  return { ok: checks.ok, checks: checks.list, notes: pack?.about.notes ?? [] };
}

function readPack(bytes: Uint8Array) {
  must(bytes.length <= longestPack, `an evidence file has at most ${longestPack} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new Error('the file is not JSON');
  }
  const parsed = evidencePackSchema.safeParse(value);
  const [issue] = parsed.error?.issues ?? [];
  must(parsed.success, `the file is not an evidence pack: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
  must(Buffer.compare(encodePack(parsed.data), bytes) === 0, 'the file is not in canonical form');
  return { found: parsed.data, sentence: `An evidence pack of job ${parsed.data.about.job}, ${bytes.length} bytes.` };
}

/** The pack's parts are those that a member's gateway signed for. */
function verifyIndex(pack: EvidencePack, configs: readonly ChannelConfig[]) {
  const newest = needed(configs.at(-1));
  const { packedBy } = pack.about;
  const identity = SerializedIdentity.encode({ mspId: packedBy, certificate: Buffer.from(pack.certificate) });
  const member = verifyMember(identity, newest.applicationMsps);
  const key = new X509Certificate(pack.certificate).publicKey;
  const { payload, keyIds } = verifyEnvelope(pack.index, packIndexType, [key]);
  must(Buffer.compare(payload, packIndex(pack, sha256)) === 0, 'a part of the pack is not the one that was signed');
  const named = pack.index.signatures[0]?.keyid;
  must(keyIds.length === 1 && named === keyIdOf(key), 'the signature names another key');
  return { found: member, sentence: `Packed and signed by ${member.commonName} of ${packedBy}.` };
}
