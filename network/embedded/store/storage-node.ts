import { chmod, mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { Fault } from '../../ledger/fault.ts';
import { BlockDirectory } from './block-directory.ts';
import type { StorageNodeConfig } from './config.ts';
import { lockDirectory } from './directory-lock.ts';
import type { NodeFault } from './fault-switch.ts';
import { identityOf } from './identity.ts';
import { Pins } from './pins.ts';
import type { NodeParts } from './rpc-call.ts';
import { rpcServer } from './rpc-server.ts';

/** A storage node that serves. `address` is its RPC, an http URL on loopback. Disposing it lets requests under way finish, then frees port and directory. */
export interface RunningStorageNode extends AsyncDisposable {
  readonly id: string;
  readonly address: string;
  readonly peerId: string;
  /** Makes the node misbehave from now on. @throws Fault misconfigured unless the configuration opened the switch */
  setFault(fault: NodeFault): void;
}

export interface StorageNodeOptions {
  readonly capacityBytes: number;
  readonly faults: boolean;
  /** Told once when the disk can no longer be trusted; the process should end. */
  readonly onBroken: (error: unknown) => void;
}

/** Opens the directory, takes the port, serves. @throws Fault when the directory is in use or the port is taken */
export async function startStorageNode(
  { id, directory, port, token }: StorageNodeConfig,
  { capacityBytes, faults, onBroken }: StorageNodeOptions,
): Promise<RunningStorageNode> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await chmod(directory, 0o700);
  await using held = new AsyncDisposableStack();
  held.use(await lockDirectory(directory));
  const node: NodeParts = {
    directory,
    blocks: await BlockDirectory.open(directory, { capacityBytes }),
    pins: await Pins.open(directory),
    identity: await identityOf(directory),
    fault: { kind: 'none' },
  };
  const onUnexpected = (error: unknown) => node.blocks.broken !== undefined && onBroken(error);
  const server = rpcServer(node, { token, faultSwitch: faults, onUnexpected });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause) =>
    reject(new Fault('misconfigured', `storage node ${id} cannot have port ${port}: it is taken`, { cause })),
  );
  server.listen(port, '127.0.0.1', resolve);
  await promise;
  held.defer(
    () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeIdleConnections();
        // Requests under way get a moment; a keep-alive connection that stays busy does not hold up the end.
        setTimeout(() => server.closeAllConnections(), 2_000).unref();
      }),
  );
  const kept = held.move();
  return {
    id,
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    peerId: node.identity.peerId,
    setFault(fault) {
      if (!faults) throw new Fault('misconfigured', 'the fault switch is closed on this node');
      node.fault = fault;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
