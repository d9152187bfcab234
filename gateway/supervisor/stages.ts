import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProgramSpec } from './child.ts';
import type { NetworkDescription } from './description.ts';
import { layoutOf } from './layout.ts';
import type { Stage } from './supervisor.ts';

const compiled = (path: string) => fileURLToPath(import.meta.resolve(`@d-cloud/${path}`));

const programs = {
  ledger: join(compiled('network/embedded/ledger'), '..', 'main.js'),
  storage: join(compiled('network/embedded/store'), '..', 'main.js'),
  chaincode: join(compiled('chaincode/domain'), '..', '..', 'main.js'),
  gateway: fileURLToPath(new URL('../main.js', import.meta.url)),
  computeNode: join(compiled('pipelines/compute-node'), '..', 'main.js'),
};

const readyWithinMs = 60_000;

/** The programs of a network in the order in which they must serve. `afterGateways` joins the nodes to the consortium. */
export function stagesOf(
  directory: string,
  description: NetworkDescription,
  afterGateways: () => Promise<void>,
): Stage[] {
  const layout = layoutOf(directory);
  const { organizations } = description;
  const spec = (name: string, program: string, config: string): ProgramSpec => ({
    name,
    program,
    config,
    readyWithinMs,
  });
  return [
    {
      step: 'starting the ledger, its chaincode and the storage nodes',
      programs: [
        spec('ledger', programs.ledger, layout.ledgerConfig),
        spec('chaincode', programs.chaincode, layout.chaincodeConfig),
        ...organizations.map(({ name }) =>
          spec(`storage-${name}`, programs.storage, layout.ofOrganization(name).storageConfig),
        ),
      ],
    },
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
        computeNodes.map(({ id }) =>
          spec(`compute-${name}`, programs.computeNode, layout.ofOrganization(name).computeConfig(id)),
        ),
      ),
    },
  ];
}
