import { writeFile } from 'node:fs/promises';
import { packageChaincode } from '@d-cloud/network/admin';
import type { Command } from 'commander';
import { readJson } from '../json-file.ts';
import { table } from '../output.ts';
import type { Session } from '../session.ts';

type Definition = { readonly name: string; readonly version: string; readonly sequence: number };
type Proposed = {
  readonly definition: Definition;
  readonly label: string;
  readonly proposer: string;
  readonly approvals: Readonly<Record<string, boolean>>;
  readonly missing: readonly (readonly string[])[];
};
type Chaincode = Definition & {
  readonly endorsement: string;
  readonly collections: readonly { readonly name: string }[];
};
type Listed = {
  readonly inForce: readonly Chaincode[];
  readonly installed: readonly { readonly packageId: string; readonly label: string }[];
  readonly proposed: readonly Proposed[];
  readonly away: readonly string[];
};

/** Adds `chaincode list|package|install|propose|approve|readiness|commit`. */
export function addChaincodeCommands(program: Command, session: Session): void {
  const chaincode = program
    .command('chaincode')
    .description('agree on chaincodes: each organization installs and approves for itself, then one commits')
    .option('--channel <channel>', "which channel; the network's own where it is left out");
  const at = async () =>
    `/admin/channels/${chaincode.opts().channel ?? (await session.credentials()).channel}/chaincodes`;
  const admin = () => session.rest('admin');
  const told = (one: Proposed) => session.output.result({ ok: true, proposed: one }, proposedText(one));

  chaincode
    .command('list')
    .description('what is in force, what is installed here, and what organizations propose')
    .action(async () => {
      const listed = await (await admin()).call<Listed>('GET', await at());
      session.output.result({ ok: true, ...listed }, listedText(listed));
    });
  chaincode
    .command('package <label>')
    .description(
      'write the package of a chaincode that runs as a service; the same label gives the same bytes everywhere',
    )
    .requiredOption('-o, --out <file>', 'where to')
    .action(async (label: string, { out }: { out: string }) => {
      const { bytes, packageId } = packageChaincode(label);
      await writeFile(out, bytes);
      session.output.result({ ok: true, packageId, file: out }, `${out} holds ${packageId}`);
    });
  chaincode
    .command('install <label>')
    .description("install a label's package on all own peers")
    .action(async (label: string) => {
      const { packageId } = await (await admin()).call<{ packageId: string }>('POST', '/admin/chaincodes/install', {
        body: { label },
      });
      session.output.result({ ok: true, packageId }, `${packageId} is installed`);
    });
  chaincode
    .command('propose <name>')
    .description('propose the next definition of a chaincode, or its first: the own organization approves it at once')
    .requiredOption('--version <version>', 'its version')
    .requiredOption('--label <label>', 'the label of the package that runs it')
    .option('--policy <rule>', "who must endorse, as AND('AMSP.peer','BMSP.peer'); a majority where it is left out")
    .option('--collections <file>', 'its private data collections, as JSON')
    .action(
      async (name: string, options: { version: string; label: string; policy?: string; collections?: string }) => {
        const { version, label, policy, collections } = options;
        const body = {
          version,
          label,
          ...(policy === undefined ? {} : { endorsement: { kind: 'signatures', rule: policy } }),
          ...(collections === undefined ? {} : { collections: await readJson(collections) }),
        };
        told(await (await admin()).call('POST', `${await at()}/${name}`, { body }));
      },
    );
  chaincode
    .command('approve <name>')
    .description('install and approve what another organization proposes')
    .option('--proposer <msp-id>', 'whose definition, where several propose one')
    .action(async (name: string, body: { proposer?: string }) =>
      told(await (await admin()).call('POST', `${await at()}/${name}/approve`, { body })),
    );
  chaincode
    .command('readiness <name>')
    .description('which organizations have approved what is proposed')
    .action(async (name: string) => {
      const { proposed } = await (await admin()).call<Listed>('GET', await at());
      const meant = proposed.filter(({ definition }) => definition.name === name);
      const text = meant.length === 0 ? `Nobody proposes a new ${name}.` : meant.map(proposedText).join('\n');
      session.output.result({ ok: meant.length > 0, proposed: meant }, text);
      if (meant.length === 0) process.exitCode = 1;
    });
  chaincode
    .command('commit <name>')
    .description('put in force what enough organizations have approved')
    .option('--proposer <msp-id>', 'whose definition, where several propose one')
    .action(async (name: string, body: { proposer?: string }) => {
      const one = await (await admin()).call<Chaincode>('POST', `${await at()}/${name}/commit`, { body });
      session.output.result(
        { ok: true, chaincode: one },
        `${one.name} ${one.version}, sequence ${one.sequence}, is in force`,
      );
    });
}

function proposedText({ definition, label, proposer, approvals, missing }: Proposed): string {
  const marks = Object.entries(approvals).map(([mspId, yes]) => `${yes ? '█' : '░'} ${mspId}`);
  const rest = missing.some((set) => set.length === 0)
    ? `it may be committed: dcloud chaincode commit ${definition.name}`
    : `still needed: ${missing.map((set) => set.join(' and ')).join(', or ')}`;
  return `${definition.name} ${definition.version}, sequence ${definition.sequence}, runs ${label}, proposed by ${proposer}\n${marks.join('  ')}\n${rest}`;
}

function listedText({ inForce, installed, proposed, away }: Listed): string {
  return [
    table(
      ['chaincode', 'version', 'sequence', 'endorsement', 'collections'],
      inForce.map((one) => [
        one.name,
        one.version,
        String(one.sequence),
        one.endorsement,
        one.collections.map(({ name }) => name).join(' '),
      ]),
    ),
    `Installed here: ${installed.map(({ packageId }) => packageId.slice(0, packageId.indexOf(':') + 13)).join(', ') || 'nothing'}`,
    ...proposed.map((one) => `\n${proposedText(one)}`),
    ...(away.length === 0 ? [] : [`Not asked, because their gateway is away: ${away.join(', ')}`]),
  ].join('\n');
}
