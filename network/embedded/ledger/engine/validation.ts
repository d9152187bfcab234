import { HeaderType } from '../wire/envelope.ts';
import { Code } from '../wire/proposal.ts';
import { BlockUpdates } from './block-updates.ts';
import { checkReads } from './conflicts.ts';
import { checkEndorsements, type EndorsementRules, type PolicyChanges } from './endorsement.ts';
import { type LedgerTransaction, transactionId } from './transaction.ts';

export interface ValidationRules extends EndorsementRules {
  readonly channelId: string;
  /** Whether a transaction with this id lies in an earlier block. */
  known(txId: string): boolean;
  /** Whether the creator's signature was checked on the way in, over these very bytes. */
  creatorVerified(transaction: LedgerTransaction): boolean;
}

/**
 * Gives each transaction of a block its code: form, signature and endorsements first, for all; then, in block order,
 * doubled ids and what was read. Returns what the valid ones change.
 */
export function validateBlock(
  blockNumber: number,
  transactions: readonly LedgerTransaction[],
  rules: ValidationRules,
): { readonly codes: Buffer; readonly updates: BlockUpdates } {
  const changed: PolicyChanges = new Set();
  const endorsed = transactions.map((transaction) => checkAlone(transaction, rules, changed));
  const updates = new BlockUpdates(rules.state);
  const seen = new Set<string>();
  const codes = Buffer.alloc(transactions.length);
  transactions.forEach((transaction, txNumber) => {
    codes[txNumber] = inOrder(transaction, endorsed[txNumber]!, seen, rules, updates);
    if (codes[txNumber] === Code.VALID && transaction.endorsed !== undefined) {
      updates.apply(transaction.endorsed.namespaces, { blockNumber, txNumber });
    }
  });
  return { codes, updates };
}

function checkAlone(transaction: LedgerTransaction, rules: ValidationRules, changed: PolicyChanges): Code {
  const { header, signature, envelope, endorsed, malformed } = transaction;
  if (transaction.unreadable) return malformed!;
  if (!rules.creatorVerified(transaction)) {
    const creator = rules.identities.signer(signature.creator, envelope.payload, envelope.signature);
    if (creator === undefined) return Code.BAD_CREATOR_SIGNATURE;
  }
  // Orderers take none from outside: what is here they made, and let in under the configuration before it.
  if (header.type === HeaderType.CONFIG)
    return rules.creatorVerified(transaction) ? Code.VALID : Code.UNSUPPORTED_TX_PAYLOAD;
  if (malformed === Code.UNSUPPORTED_TX_PAYLOAD) return malformed;
  if (header.txId !== transactionId(signature)) return Code.BAD_PROPOSAL_TXID;
  if (malformed === Code.INVALID_ENDORSER_TRANSACTION) return malformed;
  if (header.channelId !== rules.channelId) return Code.TARGET_CHAIN_NOT_FOUND;
  if (rules.known(header.txId)) return Code.DUPLICATE_TXID;
  if (malformed !== undefined || endorsed === undefined) return malformed ?? Code.INVALID_OTHER_REASON;
  return checkEndorsements(endorsed, rules, changed);
}

function inOrder(
  { header, endorsed }: LedgerTransaction,
  code: Code,
  seen: Set<string>,
  rules: ValidationRules,
  updates: BlockUpdates,
): Code {
  if (code !== Code.VALID || endorsed === undefined) return code;
  if (seen.has(header.txId)) return Code.DUPLICATE_TXID;
  seen.add(header.txId);
  return checkReads(endorsed.namespaces, rules.state, updates);
}
