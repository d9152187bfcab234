import { X509Certificate } from 'node:crypto';
import { type LedgerRole, payloadType, sha256 } from '@d-cloud/chaincode/domain';
import { attributesOf, roleAttribute } from '@d-cloud/network/admin/certificates';
import { readEnvelope, verifyEnvelope } from '@d-cloud/pipelines/attest';
import { type Check, Checks, must, needed } from '../evidence/checks.ts';
import { type ErasureStatement, erasureCertificate, erasureStatement } from './certificate.ts';

export type CertificateVerdict = {
  readonly ok: boolean;
  readonly checks: readonly Check[];
  readonly notCovered: readonly string[];
  /** SHA-256 of the file's bytes, hex: what the ledger's record of the erasure carries. */
  readonly digest: string;
};

/** What is known from elsewhere. What is not given is not checked, and said so. */
export type Known = {
  /** The organization's root certificate, PEM. */
  readonly root?: string | undefined;
  /** The certificate's digest as the ledger has it, hex. */
  readonly recorded?: string | undefined;
};

const longestCertificate = 4 * 1024 * 1024;

/** Checks the certificate of an erasure offline. Every check is named; never throws because of what is in the file. */
export function verifyCertificate(bytes: Uint8Array, { root, recorded }: Known): CertificateVerdict {
  const checks = new Checks();
  const digest = sha256(bytes);
  const file = checks.run('format', () => {
    must(bytes.length <= longestCertificate, `a certificate has at most ${longestCertificate} bytes`);
    const parsed = erasureCertificate.safeParse(jsonIn(bytes));
    must(parsed.success, 'the file is not the certificate of an erasure');
    return { found: needed(parsed.data), sentence: `A certificate, SHA-256 ${digest}.` };
  });
  const signed = checks.run('signature', () => statementIn(needed(file)));
  if (root !== undefined) checks.run('signer', () => issuedUnder(root, needed(file).signer, needed(signed).predicate));
  checks.run('erasure', () => isComplete(needed(signed)));
  if (recorded !== undefined)
    checks.run('ledger', () => {
      must(recorded.toLowerCase() === digest, `the ledger has the digest ${recorded} and the file ${digest}`);
      return { found: digest, sentence: 'It is the certificate whose digest the ledger has.' };
    });
  const unchecked = [
    ...(root === undefined ? ['Whose key signed it was not checked: no root certificate was given.'] : []),
    ...(recorded === undefined ? ['The digest on the ledger was not compared: none was given.'] : []),
  ];
  return {
    ok: checks.ok,
    checks: checks.list,
    notCovered: [...unchecked, ...(signed?.predicate.notCovered ?? [])],
    digest,
  };
}

function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw new Error('the file is not JSON');
  }
}

function statementIn({ signer, envelope }: { readonly signer: string; readonly envelope?: unknown }) {
  const { publicKey, subject } = new X509Certificate(signer);
  const { payload } = verifyEnvelope(readEnvelope(envelope), payloadType, [publicKey]);
  const parsed = erasureStatement.safeParse(jsonIn(payload));
  const [issue] = parsed.error?.issues ?? [];
  must(
    parsed.success,
    `the statement is not one of an erasure: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
  );
  return { found: needed(parsed.data), sentence: `Signed by ${subject.replaceAll('\n', ', ')}.` };
}

function issuedUnder(root: string, signer: string, { owner, certifiedAt }: ErasureStatement['predicate']) {
  const [authority, leaf] = [new X509Certificate(root), new X509Certificate(signer)];
  // Every authority of an organization carries its MSP id as O, the one that founds it and those that follow.
  must(
    authority.subject.split('\n').includes(`O=${owner}`),
    `the root given is not one of ${owner}, whose erasure this is`,
  );
  must(
    leaf.checkIssued(authority) && leaf.verify(authority.publicKey),
    'another authority issued the signer’s certificate',
  );
  const at = Date.parse(certifiedAt);
  must(
    leaf.validFromDate.getTime() <= at && at <= leaf.validToDate.getTime(),
    'the signer’s certificate was not valid then',
  );
  must(
    attributesOf(signer)[roleAttribute] === ('gateway' satisfies LedgerRole),
    'the signer is not a gateway: only the owner’s gateway knows what it destroyed and whom it asked',
  );
  return { found: leaf, sentence: `Its certificate is that of a gateway of ${owner}, issued under the root given.` };
}

/** The statement must say of every storage node and every block that it is not there. */
function isComplete({ subject, predicate }: ErasureStatement) {
  const { nodes, versions, whole, dataset, keysDestroyedAt, certifiedAt, owner } = predicate;
  const names = [...(whole ? [dataset] : []), ...versions.map(({ version }) => version)].sort();
  must(
    JSON.stringify(subject.map(({ name }) => name).sort()) === JSON.stringify(names),
    'its subjects are not what it erased',
  );
  must(new Set(nodes.map(({ node }) => node)).size === nodes.length, 'it names a storage node twice');
  const blocks = versions.reduce((sum, version) => sum + version.blocks, 0);
  for (const { node, outcome, absent, at } of nodes) {
    must(outcome === 'left' || absent >= blocks, `storage node ${node} was not asked for every block`);
    must(outcome === 'left' || keysDestroyedAt <= at, `storage node ${node} was asked before the keys were destroyed`);
    must(at <= certifiedAt, `storage node ${node} was asked after the certificate was signed`);
  }
  const asked = nodes.filter(({ outcome }) => outcome === 'absent');
  must(nodes.length > 0 || blocks === 0, 'no storage node was asked');
  return {
    found: predicate,
    sentence: `${owner} erased ${versions.length} versions of ${dataset}: keys destroyed at ${keysDestroyedAt}, ${asked.length} storage nodes have none of ${blocks} blocks, ${nodes.length - asked.length} left the network with whatever they had.`,
  };
}
