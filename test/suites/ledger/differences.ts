import { status } from '@grpc/grpc-js';

/** What a client sees otherwise on 3.1 than on 2.5. Nothing else was found to differ: the stories are the same. */
export const differences = {
  '2.5': {
    /** 2.5 checks expiry at gRPC's door, which a call of the gateway to its own peer does not pass. */
    ownPeerChecksExpiry: false,
    commitStatusWithoutIdentity: status.PERMISSION_DENIED,
    /** 2.5 has no proposal time window; 3.1 takes 15 minutes as we configure it. */
    proposalWindow: false,
    /** 2.5's orderer still speaks of the system channel, which 3.1 no longer knows. */
    unknownChannel: 'channel creation request not allowed because the orderer system channel is not defined',
    /** 3.1 checks the data of a block against its header before it lets an orderer join with it. */
    joinChecksDataHash: false,
    /** How a message is printed in a text. */
    printed: (fields: string) => `chaincodes:<${fields} > `,
  },
  '3': {
    ownPeerChecksExpiry: true,
    commitStatusWithoutIdentity: status.INVALID_ARGUMENT,
    proposalWindow: true,
    unknownChannel: 'channel does not exist',
    joinChecksDataHash: true,
    printed: (fields: string) => `chaincodes:{${fields}}`,
  },
} as const;
