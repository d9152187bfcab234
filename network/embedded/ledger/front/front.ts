import { filteredBlock, fullBlock, withPrivateData } from './block-shapes.ts';
import { chaincodeEvents } from './chaincode-events.ts';
import { commitStatus } from './commit-status.ts';
import { deliver } from './deliver.ts';
import { discover } from './discovery.ts';
import type { Door } from './door.ts';
import { endorse } from './endorse.ts';
import { processProposal } from './endorser.ts';
import { evaluate } from './evaluate.ts';
import { GrpcServer } from './grpc-server.ts';
import { RpcError, Status } from './rpc-error.ts';
import { submit } from './submit.ts';

/** Fabric's default for `peer.limits.concurrency.gatewayService`; calls that wait for a commit count. */
const MAX_GATEWAY_CALLS = 500;

/** The gRPC server of one organization's peer: gateway, endorser, deliver and discovery services. Not listening yet. */
export function frontOf(door: Door): GrpcServer {
  const server = new GrpcServer();
  const limited = limit(MAX_GATEWAY_CALLS);
  const gateway = '/gateway.Gateway';
  server.unary(
    `${gateway}/Evaluate`,
    limited((request) => evaluate(request, door)),
  );
  server.unary(
    `${gateway}/Endorse`,
    limited((request) => endorse(request, door)),
  );
  server.unary(
    `${gateway}/Submit`,
    limited((request) => submit(request, door)),
  );
  server.unary(
    `${gateway}/CommitStatus`,
    limited((request, call) => commitStatus(request, call, door)),
  );
  server.serverStream(
    `${gateway}/ChaincodeEvents`,
    limited((request, call) => chaincodeEvents(request, call, door)),
  );
  server.unary('/protos.Endorser/ProcessProposal', (request) => processProposal(request, door));
  server.bidirectional('/protos.Deliver/Deliver', (call) => deliver(call, fullBlock, door, 'event/Block'));
  server.bidirectional('/protos.Deliver/DeliverFiltered', (call) =>
    deliver(call, filteredBlock, door, 'event/FilteredBlock'),
  );
  server.bidirectional('/protos.Deliver/DeliverWithPrivateData', (call) =>
    deliver(call, withPrivateData(door.mspId), door, 'event/Block'),
  );
  server.unary('/discovery.Discovery/Discover', (request, call) => discover(request, call, door));
  return server;
}

function limit(max: number) {
  let running = 0;
  return <A extends readonly unknown[], R>(serve: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (running >= max) {
        throw new RpcError(
          Status.UNKNOWN,
          `too many requests for /gateway.Gateway, exceeding concurrency limit (${max})`,
        );
      }
      running++;
      try {
        return await serve(...args);
      } finally {
        running--;
      }
    };
}
