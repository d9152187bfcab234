import { ask, type PeerConnection, PeerRefused } from '../protocol/endorser.ts';
import { approveBytes, type OrderingRequest } from './lifecycle.ts';
import { ApproveArgs, QueryDefinitionArgs, QueryDefinitionResult } from './messages.ts';

/**
 * Approves, for the peer's own organization, the definition that is in force already, word for word, with the package that runs it
 * there: what an organization that joins a channel must do before its peers run the chaincode. Answers the sequence, or nothing
 * where the channel has no such chaincode.
 */
export async function approveInForce(
  peer: PeerConnection,
  { channel, name, packageId }: { readonly channel: string; readonly name: string; readonly packageId: string },
  ordering: OrderingRequest,
): Promise<number | undefined> {
  const args = ['QueryChaincodeDefinition', QueryDefinitionArgs.encode({ name })];
  let answer: Uint8Array;
  try {
    answer = await ask(peer, { channel, chaincode: '_lifecycle', args }, `looking for ${name}`);
  } catch (error) {
    if (error instanceof PeerRefused && error.message.includes('is not defined')) return undefined;
    throw error;
  }
  const { approvals, collections, ...definition } = QueryDefinitionResult.decode(answer);
  const known = approvals.find(({ key }) => key === peer.signatory.mspId);
  if (known?.value === true) return definition.sequence;
  const source = { local: { packageId } };
  // Absent and empty are different words here.
  const same = { ...definition, name, ...(collections.length > 0 && { collections }), source };
  await approveBytes(peer, { channel, name }, ApproveArgs.encode(same), ordering);
  return definition.sequence;
}
