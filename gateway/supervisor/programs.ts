import { dialled, type NetworkDescription, programName } from './description.ts';

/** A program as a plan shows it: what it is called, what it is, and where it listens. */
export type PlannedProgram = {
  readonly name: string;
  readonly what: string;
  readonly listens: readonly string[];
};

/** Every program that the network of a directory consists of, under the names by which `status` and `hold` know them. */
export function programsOf(description: NetworkDescription): PlannedProgram[] {
  const { ledger, store, organizations, chaincodePort } = description;
  const local = (port: number | undefined) => `127.0.0.1:${port}`;
  const embedded: PlannedProgram[] =
    ledger.kind === 'fabric'
      ? []
      : [
          {
            name: 'ledger',
            what: "the embedded ledger: everybody's peer and orderer",
            listens: organizations.flatMap(({ peers, orderers }) => [
              ...peers.map(({ port }) => local(port)),
              ...orderers.flatMap(({ port, adminPort }) => [local(port), local(adminPort)]),
            ]),
          },
          { name: 'chaincode', what: 'the chaincode as a service', listens: [local(chaincodePort)] },
        ];
  const own = organizations.flatMap((organization) => {
    const { name, listen, ports, peers, orderers, storageNodes, computeNodes } = organization;
    const at = (port: number) => `${listen}:${port}`;
    const fabric =
      ledger.kind === 'embedded'
        ? []
        : [
            ...orderers.map(({ port, adminPort }, place) => ({
              name: programName('orderer', name, place, orderers.length),
              what: 'orderer (Fabric)',
              listens: [at(port), local(adminPort)],
            })),
            ...peers.map(({ port }, place) => ({
              name: programName('peer', name, place, peers.length),
              what: 'peer (Fabric)',
              listens: [at(port)],
            })),
            ...peers.map(({ chaincode }, place) => ({
              name: programName('chaincode', name, place, peers.length),
              what: `chaincode as a service for ${dialled(organization)}:${peers[place]!.port}`,
              listens: [local(chaincode)],
            })),
          ];
    const storage =
      store.kind === 'kubo'
        ? storageNodes.map(({ id, port, disk, swarmPort }, place) => ({
            name: `storage-${name}-${place + 1}`,
            what: `storage node ${id} on ${disk} (Kubo${store.publicSwarm === undefined ? '' : ', public IPFS network'})`,
            listens: [local(port), ...(swarmPort === undefined ? [] : [at(swarmPort)])],
          }))
        : [
            {
              name: `storage-${name}`,
              what: `storage nodes ${storageNodes.map(({ disk }) => disk).join(', ') || '(none)'}`,
              listens: storageNodes.map(({ port }) => local(port)),
            },
          ];
    return [
      ...fabric,
      ...storage,
      { name: `gateway-${name}`, what: 'gateway', listens: [local(ports.rest), at(ports.peerListener)] },
      ...computeNodes.map(({ id, classes }, place) => ({
        name: programName('compute', name, place, computeNodes.length),
        what: `compute node ${id} (${classes.join(', ')})`,
        listens: [],
      })),
    ];
  });
  return [...embedded, ...own];
}
