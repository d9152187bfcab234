import { BatchSize, BatchTimeout, type ConfigGroup } from '../../ledger/messages/index.ts';
import { type ConsenterInConfig, consentersOf, isIssuedBy, tlsRootsOf } from './consenters.ts';
import type { Objection } from './guard.ts';

/** What is wrong with how a proposed configuration orders: consenters, their certificates, batches. */
export function* brokenOrdering(before: ConfigGroup, after: ConfigGroup): Generator<Objection> {
  const [was, is] = [consentersOf(before), consentersOf(after)];
  const path = '/Channel/Orderer/ConsensusType';
  if (was !== undefined && is !== undefined) {
    const wrong = brokenSet(was, is);
    if (wrong !== undefined) yield { code: 'CONSENTERS', path, sentence: wrong };
    for (const sentence of strangers(after, is)) yield { code: 'CONSENTERS', path, sentence };
  }
  yield* brokenBatch(after);
}

function brokenSet(was: readonly ConsenterInConfig[], is: readonly ConsenterInConfig[]): string | undefined {
  const key = ({ address, tlsCertificate }: ConsenterInConfig) => `${address} ${tlsCertificate}`;
  const [old, now] = [was.map(key), is.map(key)];
  const added = now.filter((consenter) => !old.includes(consenter)).length;
  const removed = old.filter((consenter) => !now.includes(consenter)).length;
  if (is.length === 0) return 'no consenter would be left';
  if (new Set(is.map(({ address }) => address)).size !== is.length) return 'one consenter stands there twice';
  if (Math.max(added, removed) > 1) return 'consenters are changed one at a time';
  return undefined;
}

/** A consenter whose TLS certificate no ordering organization issued can connect to nobody. */
function* strangers(after: ConfigGroup, consenters: readonly ConsenterInConfig[]): Generator<string> {
  const groups = [...(after.groups.get('Orderer')?.groups.values() ?? [])];
  const roots = groups.flatMap(tlsRootsOf);
  for (const { address, tlsCertificate } of consenters) {
    if (!isIssuedBy(tlsCertificate, roots))
      yield `the TLS certificate of the consenter ${address} is of no ordering organization: change the consenter first`;
  }
}

function* brokenBatch(root: ConfigGroup): Generator<Objection> {
  const orderer = root.groups.get('Orderer');
  const { timeout } = BatchTimeout.decode(orderer?.values.get('BatchTimeout')?.value ?? new Uint8Array(0));
  if (!/^(\d+(\.\d+)?(ms|s|m))+$/.test(timeout) || Number.parseFloat(timeout) <= 0) {
    const sentence = `"${timeout}" is no batch timeout: write 500ms or 2s`;
    yield { code: 'BATCH', path: '/Channel/Orderer/BatchTimeout', sentence };
  }
  const size = BatchSize.decode(orderer?.values.get('BatchSize')?.value ?? new Uint8Array(0));
  if (size.maxMessageCount < 1 || size.preferredMaxBytes < 1 || size.absoluteMaxBytes < size.preferredMaxBytes) {
    const sentence = 'a batch holds at least one transaction, and no fewer bytes at most than it prefers';
    yield { code: 'BATCH', path: '/Channel/Orderer/BatchSize', sentence };
  }
}
