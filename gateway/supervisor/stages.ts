import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NativeProgram } from '@d-cloud/network/processes/program';
import type { ProgramSpec } from './child.ts';
import { programName } from './description.ts';
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

export type StageOptions = {
  /** Where programs of other projects are looked for, as in PATH. */
  readonly searchPath: string;
  /** Joins the nodes to the consortium: of the organizations here those that are still members, by MSP id. */
  readonly afterGateways: (members: ReadonlySet<string>) => Promise<void>;
  /** Ends what the stages wait for. */
  readonly signal: AbortSignal;
};

/**
 * The programs of a network in the order in which they must serve. Everything above ledger and store is the same on every
 * kind of them.
 */
export async function stagesOf(directory: string, network: FoundNetwork, options: StageOptions): Promise<Stage[]> {
  const layout = layoutOf(directory);
  const { organizations } = network.description;
  let members: ReadonlySet<string> = new Set(organizations.map(({ mspId }) => mspId));
  const found = (named: ReadonlySet<string>) => {
    members = named;
  };
  return [
    ...(await ledgerAndStore(directory, network, options, found)),
    {
      step: "starting the organizations' gateways",
      programs: organizations.map(({ name }) =>
        spec(`gateway-${name}`, programs.gateway, layout.ofOrganization(name).gatewayConfig),
      ),
      after: () => options.afterGateways(members),
    },
    {
      step: 'starting the compute nodes',
      programs: organizations.flatMap(({ name, computeNodes }) =>
        computeNodes.map(({ id }, at) => ({
          ...spec(
            programName('compute', name, at, computeNodes.length),
            programs.computeNode,
            layout.ofOrganization(name).computeConfig(id),
          ),
          niceness: behindNiceness,
        })),
      ),
    },
  ];
}

async function ledgerAndStore(
  directory: string,
  network: FoundNetwork,
  { searchPath, signal }: StageOptions,
  found: (members: ReadonlySet<string>) => void,
): Promise<Stage[]> {
  const { ledger, store, organizations, others } = network.description;
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
  const { programs: nodes, form, known } = await realLedger(directory, network, { searchPath, signal });
  return [
    {
      step:
        others.length === 0
          ? 'starting orderers, peers and storage nodes, and forming the channel'
          : `starting orderers, peers and storage nodes, and forming the channel with ${others.map(({ name }) => name).join(', ')}, who are waited for`,
      programs: [...nodes.map(native), ...storage],
      after: form,
    },
    {
      step: "starting the organizations' chaincode services",
      programs: organizations.flatMap(({ name, peers }) =>
        peers.map((_, at) =>
          spec(
            programName('chaincode', name, at, peers.length),
            programs.chaincode,
            layout.ofOrganization(name).chaincodeConfig(at),
          ),
        ),
      ),
      after: async () => found(await known()),
    },
  ];
}

function native(program: NativeProgram): ProgramSpec {
  return { name: program.name, native: program, readyWithinMs };
}
