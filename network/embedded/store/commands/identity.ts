import { arch } from 'node:os';
import { type Command, CommandError } from '../rpc-call.ts';

/** The Kubo release whose RPC this node speaks. */
export const kuboVersion = '0.41.0';

/** `id`: the node's peer id. It has no addresses, because it speaks no libp2p. */
export const id: Command = (call, node) => {
  const other = call.query.get('arg');
  if (other !== null && other !== node.identity.peerId) throw new CommandError('routing: not found');
  return {
    kind: 'json',
    value: {
      ID: node.identity.peerId,
      PublicKey: node.identity.publicKey,
      Addresses: [],
      AgentVersion: `kubo/${kuboVersion}/d-cloud-embedded`,
      Protocols: [],
    },
  };
};

/** `version`: the Kubo release whose answers these are; `Commit` says that it is not Kubo. */
export const version: Command = () => ({
  kind: 'json',
  value: {
    Version: kuboVersion,
    Commit: 'd-cloud-embedded',
    Repo: '18',
    System: `${arch() === 'x64' ? 'amd64' : arch()}/${process.platform}`,
    Golang: '',
  },
});

/** `swarm/peers`: nobody. */
export const peers: Command = () => ({ kind: 'json', value: { Peers: null } });
