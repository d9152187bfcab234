import { join } from 'node:path';
import { Fault } from '../../ledger/fault.ts';
import { OwnNode } from '../../store/index.ts';
import { eventually, type NativeProgram } from '../program/index.ts';
import type { KuboNodeInit } from './kubo-process.ts';
import { ipfsEnvironment, prepareRepository } from './kubo-repository.ts';

/**
 * Founds or opens a private repository and says how its daemon is to run, for whoever supervises programs. Its port must be
 * a fixed one. It serves when our token is answered there with the peer id of the repository.
 */
export async function kuboProgram(name: string, init: Omit<KuboNodeInit, 'readyWithinMs'>): Promise<NativeProgram> {
  const { id, binary, directory, port, token } = init;
  const peerId = await prepareRepository(binary.path, directory, init);
  return {
    name,
    command: binary.path,
    args: ['daemon', '--migrate=false'],
    argv0: join(directory, 'program'),
    env: ipfsEnvironment(directory, { isPublic: init.publicSwarm !== undefined }),
    ports: [port],
    async ready(signal) {
      await using node = new OwnNode({ id, address: `http://127.0.0.1:${port}`, token });
      const look = async () => {
        const answered = await node.control.identity({ signal });
        if (answered.peerId === peerId) return;
        throw new Fault('misconfigured', `someone else than Kubo node ${id} answers on port ${port}; free that port`);
      };
      const hopeless = (error: unknown) => error instanceof Fault && error.message.startsWith('someone else');
      await eventually(`Kubo node ${id}`, look, { signal, hopeless });
    },
  };
}
