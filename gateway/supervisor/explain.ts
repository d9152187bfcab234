import { kindOf, membersOf, type NetworkDescription } from './description.ts';
import { identitiesOf } from './identities.ts';
import { layoutOf } from './layout.ts';
import { type PlannedProgram, programsOf } from './programs.ts';
import { brokenPromises } from './promises.ts';

/** Everything that starting a network would do, for a person and as JSON. */
export type Explanation = {
  readonly directory: string;
  readonly network: 'embedded' | 'real';
  readonly channel: string;
  readonly settings: NetworkDescription['settings'];
  readonly organizations: readonly {
    readonly name: string;
    readonly mspId: string;
    readonly host: string;
    readonly directory: string;
    readonly identities: readonly string[];
  }[];
  /** Members whose programs run on machines of their own. */
  readonly others: readonly string[];
  readonly programs: readonly PlannedProgram[];
  readonly directories: readonly string[];
  readonly steps: readonly string[];
  /** What is added to the network that is there. */
  readonly additions: readonly string[];
  readonly promisesNotKept: readonly string[];
};

/** Says what a plan means in a directory that held `known` before. Pure. */
export function explainPlan(
  directory: string,
  planned: NetworkDescription,
  known: NetworkDescription | undefined,
): Explanation {
  const layout = layoutOf(directory);
  const { organizations, others, channel, settings } = planned;
  const real = kindOf(planned) === 'real';
  return {
    directory,
    network: kindOf(planned),
    channel,
    settings,
    organizations: organizations.map((one) => ({
      name: one.name,
      mspId: one.mspId,
      host: one.host,
      directory: layout.ofOrganization(one.name).directory,
      identities: identitiesOf(one).map(({ name }) => name),
    })),
    others: others.map(({ name }) => name),
    programs: programsOf(planned),
    directories: [
      ...(real ? [] : [layout.ledger]),
      ...organizations.flatMap((one) => {
        const home = layout.ofOrganization(one.name);
        return [
          home.directory,
          home.gateway,
          ...one.storageNodes.map(({ id }) => home.storageNode(id)),
          ...one.computeNodes.map(({ id }) => home.computeNode(id)),
        ];
      }),
    ],
    steps: stepsOf(planned, known === undefined),
    additions: additionsOf(planned, known),
    promisesNotKept: brokenPromises(planned),
  };
}

function stepsOf(planned: NetworkDescription, isNew: boolean): string[] {
  const { organizations, others, channel, settings } = planned;
  const names = organizations.map(({ name }) => name).join(', ');
  const real = kindOf(planned) === 'real';
  const last = membersOf(planned).at(-1)!.name;
  return [
    ...(isNew
      ? [
          `write network.json, with the ids and ports of this plan`,
          `make the authorities of ${names} and their certificates (TLS and signing, valid for a year)`,
          ...(others.length > 0 ? [`take what ${others.map(({ name }) => name).join(', ')} made public`] : []),
          `make the first block of the channel ${channel} (${settings.consensus}, ${settings.policies.Endorsement} endorses)`,
          `make API keys for every role, readable by you alone, in credentials.json`,
        ]
      : ['open what is there: organizations, certificates, first block']),
    'check that ports are free and certificates have not ended',
    ...(real
      ? [
          'start orderers, peers and storage nodes',
          `join orderers and peers to ${channel}, install the chaincode, approve it${others.length > 0 ? ' and wait until all others have' : ' for each organization'}, commit it`,
          'start the chaincode services',
        ]
      : ['start the ledger, its chaincode and the storage nodes']),
    'start the gateways; each registers its organization on the ledger',
    `register storage and compute nodes${organizations.some(({ name }) => name === last) ? ', and the first purposes' : ''}`,
    'start the compute nodes',
  ];
}

function additionsOf(planned: NetworkDescription, known: NetworkDescription | undefined): string[] {
  if (known === undefined) return [];
  const before = new Set(programsOf(known).flatMap(({ what, listens }) => [what, ...listens]));
  const added = programsOf(planned)
    .filter(({ what, listens }) => !before.has(what) || listens.some((one) => !before.has(one)))
    .map(({ name, what }) => `${name}: ${what}`);
  return added;
}
