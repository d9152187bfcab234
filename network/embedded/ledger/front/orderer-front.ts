import { ordererBlock } from './block-shapes.ts';
import { broadcast } from './broadcast.ts';
import { deliver } from './deliver.ts';
import type { OrdererDoor } from './door.ts';
import { GrpcServer } from './grpc-server.ts';

/** The gRPC server of one organization's orderer. Not listening yet. */
export function ordererFrontOf(door: OrdererDoor): GrpcServer {
  const server = new GrpcServer();
  server.bidirectional('/orderer.AtomicBroadcast/Broadcast', (call) => broadcast(call, door));
  server.bidirectional('/orderer.AtomicBroadcast/Deliver', (call) => deliver(call, ordererBlock, door));
  return server;
}
