import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeProgram } from '@d-cloud/network/processes/program';
import type { ProgramSpec } from './child.ts';
import type { FoundNetwork } from './found.ts';
import { layoutOf } from './layout.ts';
import { realLedger } from './real-ledger.ts';
import { realStore } from './real-store.ts';
import type { Stage } from './supervisor.ts';

const compiled = (path: string) => fileURLToPath(import.meta.resolve(`@d-cloud/${path}`));

const programs = {
  ledger: join(compiled('network/embedded/ledger'), '..', 'main.js'),
  storage: join(compiled('network/embedded/store'), '..', 'main.js'),
  chaincode: join(compiled('chaincode/domain'), '..', '..', 'main.js'),
  gateway: fileURLToPath(new URL('../main.js', import.meta.url)),
  computeNode: join(compiled('pipelines/compute-node'), '..', 'main.js'),
};

/** Storage and compute step back behind the ledger and the gateways. */
const behindNiceness = 5;
const readyWithinMs = 60_000;

const spec = (name: string, program: string, config: string): ProgramSpec => ({
  name,
  program,
  config,
  readyWithinMs,
});

/**
 * The programs of a network in the order in which they must serve. `afterGateways` joins the nodes to the consortium.
 * Everything above ledger and store is the same on every kind of them.
 */
export async function stagesOf(
  directory: string,
  network: FoundNetwork,
  searchPath: string,
  afterGateways: () => Promise<void>,
): Promise<Stage[]> {
  const layout = layoutOf(directory);
  const { organizations } = network.description;
  return [
    ...(await ledgerAndStore(directory, network, searchPath)),
    {
      step: "starting the organizations' gateways",
      programs: organizations.map(({ name }) =>
        spec(`gateway-${name}`, programs.gateway, layout.ofOrganization(name).gatewayConfig),
      ),
      after: afterGateways,
    },
    {
      step: 'starting the compute nodes',
      programs: organizations.flatMap(({ name, computeNodes }) =>
        computeNodes.map(({ id }) => ({
          ...spec(`compute-${name}`, programs.computeNode, layout.ofOrganization(name).computeConfig(id)),
          niceness: behindNiceness,
        })),
      ),
    },
  ];
}

async function ledgerAndStore(directory: string, network: FoundNetwork, searchPath: string): Promise<Stage[]> {
  const { ledger, store, organizations } = network.description;
  const layout = layoutOf(directory);
  const storage =
    store.kind === 'kubo'
      ? (await realStore(directory, network.description, searchPath)).map(native)
      : organizations.map(({ name }) => ({
          ...spec(`storage-${name}`, programs.storage, layout.ofOrganization(name).storageConfig),
          niceness: behindNiceness,
        }));
  if (ledger.kind === 'embedded') {
    const chaincode = spec('chaincode', programs.chaincode, layout.chaincodeConfig);
    return [
      {
        step: 'starting the ledger, its chaincode and the storage nodes',
        programs: [spec('ledger', programs.ledger, layout.ledgerConfig), chaincode, ...storage],
      },
    ];
  }
  const { programs: nodes, form, known } = await realLedger(directory, network, searchPath);
  return [
    {
      step: 'starting orderers, peers and storage nodes, and forming the channel',
      programs: [...nodes.map(native), ...storage],
      after: form,
    },
    {
      step: "starting the organizations' chaincode services",
      programs: organizations.map(({ name }) =>
        spec(`chaincode-${name}`, programs.chaincode, layout.ofOrganization(name).chaincodeConfig),
      ),
      after: known,
    },
  ];
}

function native(program: NativeProgram): ProgramSpec {
  return { name: program.name, native: program, readyWithinMs };
}
