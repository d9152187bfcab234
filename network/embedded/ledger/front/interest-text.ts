import type { ChaincodeInterest } from '../wire/proposal.ts';

/** An interest as Fabric 2.5's refusal names it: Go's short text form of the message. */
export function interestText({ chaincodes }: ChaincodeInterest): string {
  return chaincodes
    .map(({ name, collectionNames, noPrivateReads, noPublicWrites, disregardNamespacePolicy }) => {
      const fields = [
        `name:${JSON.stringify(name)}`,
        ...collectionNames.map((each) => `collection_names:${JSON.stringify(each)}`),
        ...(noPrivateReads ? ['no_private_reads:true'] : []),
        ...(noPublicWrites ? ['no_public_writes:true'] : []),
        ...(disregardNamespacePolicy ? ['disregard_namespace_policy:true'] : []),
      ];
      return `chaincodes:<${fields.join(' ')} > `;
    })
    .join('');
}
