import type { StorageNodesConfig } from './config.ts';
import { type RunningStorageNode, startStorageNode } from './storage-node.ts';

export { parseConfig, readConfig, type StorageNodeConfig, type StorageNodesConfig } from './config.ts';
export type { NodeFault } from './fault-switch.ts';
export type { RunningStorageNode } from './storage-node.ts';

/** The running storage nodes of one organization. `broken` resolves with the error when a disk can no longer be trusted; then the process should end with a non-zero status. */
export interface StorageNodes extends AsyncDisposable {
  readonly nodes: readonly RunningStorageNode[];
  readonly broken: Promise<unknown>;
}

/** Starts all nodes of the configuration, or none. @throws Fault misconfigured or contended, in one sentence that says what to do */
export async function startStorageNodes({
  nodes,
  capacityBytes,
  faults = false,
}: StorageNodesConfig): Promise<StorageNodes> {
  await using started = new AsyncDisposableStack();
  const broken = Promise.withResolvers<unknown>();
  const running: RunningStorageNode[] = [];
  for (const node of nodes) {
    running.push(started.use(await startStorageNode(node, { capacityBytes, faults, onBroken: broken.resolve })));
  }
  const kept = started.move();
  return { nodes: running, broken: broken.promise, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
