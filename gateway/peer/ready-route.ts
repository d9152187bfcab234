import type { PeerRoute } from './peer-route.ts';

/** `GET /v1/peer/ready`: whether this listener serves, and how far it has read the ledger. */
export function readyRoute(block: () => number): PeerRoute {
  return {
    method: 'GET',
    path: '/v1/peer/ready',
    bodyBytes: 0,
    answer: async () => ({
      status: 200,
      type: 'application/json',
      body: Buffer.from(JSON.stringify({ ready: true, block: block() })),
    }),
  };
}
