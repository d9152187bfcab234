import { type Command, InvalidArgumentError } from 'commander';
import { changeText } from '../actions/change-text.ts';
import { table } from '../output.ts';
import { idList, wholeNumber } from '../parse-option.ts';
import type { Session } from '../session.ts';
import type { ChangeView } from '../views.ts';

type Certificate = {
  readonly organization: string;
  readonly holder: string;
  readonly notAfter: string;
  readonly daysLeft: number;
  readonly warning?: string;
};
type Carried = { readonly changes: readonly ChangeView[] };
type Identity = { readonly name: string; readonly mspId: string; readonly directory: string };

/** Adds `cert list|issue|renew|revoke|authority`. */
export function addCertificateCommands(program: Command, session: Session): void {
  const cert = program
    .command('cert')
    .description("the organization's certificates: how long they hold, new ones, revocation");
  const admin = () => session.rest('admin');

  cert
    .command('list')
    .description(
      'every certificate that the organization depends on, the one that ends first in front; 1 when one has ended',
    )
    .action(async () => {
      const { certificates } = await (await admin()).call<{ certificates: Certificate[] }>(
        'GET',
        '/admin/certificates',
      );
      session.output.result({ ok: true, certificates }, certificatesText(certificates));
      if (certificates.some(({ warning }) => warning === 'expired')) process.exitCode = 1;
    });
  cert
    .command('issue <name>')
    .description("issue an identity; its keys stay in the organization's directory")
    .requiredOption('--node-role <role>', 'peer, orderer, admin or client')
    .option('--attribute <name=value>', 'such as dcloud.role=operator', attributes)
    .option('--hosts <names>', 'DNS names and IP addresses for TLS; loopback where it is left out', idList)
    .option('--days <number>', 'until it ends', wholeNumber)
    .action(async (name: string, { nodeRole, attribute, hosts, days }) => {
      const body = { name, role: nodeRole, attributes: attribute, hosts, days };
      const identity = await (await admin()).call<Identity>('POST', '/admin/certificates', { body });
      session.output.result(
        { ok: true, identity },
        `${identity.name} of ${identity.mspId} lies in ${identity.directory}`,
      );
    });
  cert
    .command('renew <name>')
    .description(
      'issue both certificates of an identity again for the same keys; the program that uses it is started again',
    )
    .option('--days <number>', 'until they end', wholeNumber)
    .action(async (name: string, body: { days?: number }) => {
      const identity = await (await admin()).call<Identity>('POST', `/admin/certificates/${name}/renew`, { body });
      session.output.result(
        { ok: true, identity },
        `${identity.name} of ${identity.mspId} is renewed: start the program that uses it again`,
      );
    });
  cert
    .command('revoke <name>')
    .description('end an identity for everybody, from the next config block on')
    .action(async (name: string) => {
      const { changes } = await (await admin()).call<Carried>('POST', `/admin/certificates/${name}/revoke`);
      const channels = changes.map(({ channel }) => channel).join(', ');
      session.output.result({ ok: true, changes }, `${name} counts no more in ${channels}\n${changesOf(changes)}`);
    });
  cert
    .command('authority <announce|change|retire>')
    .description(
      'go over to another authority in three steps, each in force before the next; start the programs again after change',
    )
    .option('--tls', 'the authority for TLS', false)
    .action(async (step: string, { tls }: { tls: boolean }) => {
      const path = `/admin/authorities/${tls ? 'tls' : 'signing'}/${step}`;
      if (step === 'change') {
        const changed = await (await admin()).call<{ certificate: string }>('POST', path);
        session.output.result(
          { ok: true, ...changed },
          'All certificates are issued again. Start the programs again, then: dcloud cert authority retire',
        );
      } else if (step === 'announce' || step === 'retire') {
        const { changes } = await (await admin()).call<Carried>('POST', path);
        session.output.result({ ok: true, changes }, changesOf(changes));
      } else throw new Error('Say authority announce, change or retire.');
    });
}

const changesOf = (changes: readonly ChangeView[]) =>
  changes.length === 0 ? 'Every channel has it already.' : changes.map(changeText).join('\n\n');

function attributes(text: string, before: Record<string, string> = {}): Record<string, string> {
  const [name, ...value] = text.split('=');
  if (name === undefined || name === '' || value.length === 0) throw new InvalidArgumentError('Write name=value.');
  return { ...before, [name]: value.join('=') };
}

function certificatesText(certificates: readonly Certificate[]): string {
  const marks: Readonly<Record<string, string>> = {
    expired: 'has ended',
    '7 days': '!!!',
    '30 days': '!!',
    '90 days': '!',
  };
  return table(
    ['ends', 'days', '', 'organization', 'certificate'],
    certificates.map(({ notAfter, daysLeft, warning, organization, holder }) => [
      notAfter.slice(0, 10),
      String(daysLeft),
      warning === undefined ? '' : (marks[warning] ?? ''),
      organization,
      holder,
    ]),
  );
}
