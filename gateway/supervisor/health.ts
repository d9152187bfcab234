import { connect } from 'node:tls';
import type { CertificateExpiry } from '@d-cloud/network/admin';
import { othersOf } from './bundle.ts';
import { endingCertificates } from './certificates.ts';
import { readDescription } from './described.ts';
import { type NetworkDescription, programName } from './description.ts';
import { brokenPromises, orderingQuorum } from './promises.ts';
import { type PublicNode, publicNodes } from './real-store.ts';
import type { SupervisorState } from './state.ts';

/** What an operator should know of a network besides which of its programs run. */
export type NetworkHealth = {
  /** A sentence each, the gravest first. */
  readonly warnings: readonly string[];
  /** What it cannot promise, a sentence each. */
  readonly promisesNotKept: readonly string[];
  /** Storage nodes from which anyone can fetch blocks. */
  readonly publicNodes: readonly PublicNode[];
  /** Certificates that have ended or end within 90 days. */
  readonly certificates: readonly Pick<
    CertificateExpiry,
    'organization' | 'holder' | 'notAfter' | 'daysLeft' | 'warning'
  >[];
};

/** Looks at certificates, and at whether enough orderers answer. Nothing where there is no network. */
export async function networkHealth(
  directory: string,
  state: SupervisorState | undefined,
  now: Date,
): Promise<NetworkHealth | undefined> {
  const description = await readDescription(directory);
  if (description === undefined) return undefined;
  // A network that is being founded has not all of its organizations yet.
  const ending = await endingCertificates(directory, description, now).catch(() => []);
  const certificates = ending.map(({ organization, holder, notAfter, daysLeft, warning }) => {
    return { organization, holder, notAfter, daysLeft, warning };
  });
  const warnings: string[] = [];
  if (state !== undefined && description.ledger.kind === 'fabric') {
    const ordering = await orderersThatAnswer(directory, description, state);
    const quorum = orderingQuorum(description.settings.consensus, ordering.of);
    if (ordering.answer < quorum)
      warnings.push(
        `Only ${ordering.answer} of ${ordering.of} orderers ${ordering.answer === 1 ? 'answers' : 'answer'} and ${quorum} are needed: nothing can be written until ${ordering.silent.join(', ')} ${ordering.silent.length === 1 ? 'is' : 'are'} back.`,
      );
  }
  for (const { organization, holder, daysLeft, warning } of certificates)
    warnings.push(
      warning === 'expired'
        ? `The certificate ${holder} of ${organization} has ended: renew it with dcloud network renew.`
        : `The certificate ${holder} of ${organization} ends in ${daysLeft} days: renew it with dcloud network renew.`,
    );
  return {
    warnings,
    promisesNotKept: brokenPromises(description),
    publicNodes: await publicNodes(directory, description),
    certificates,
  };
}

type Ordering = { readonly answer: number; readonly of: number; readonly silent: readonly string[] };

/** Own orderers as their supervisor sees them, others' by whether they take a connection. */
async function orderersThatAnswer(
  directory: string,
  description: NetworkDescription,
  { processes }: SupervisorState,
): Promise<Ordering> {
  const own = description.organizations.flatMap(({ name, orderers }) =>
    orderers.map((_, at) => programName('orderer', name, at, orderers.length)),
  );
  const running = (name: string) => processes.some((one) => one.name === name && one.state === 'ready');
  const bundles = await othersOf(directory, description).catch(() => []);
  const others = await Promise.all(
    bundles.flatMap(({ name, orderers, roots }) =>
      orderers.map(async ({ address }) => ({
        name: `the orderer ${address} of ${name}`,
        answers: await takesConnections(address, roots.tlsRootCertificate),
      })),
    ),
  );
  const all = [...own.map((name) => ({ name, answers: running(name) })), ...others];
  return {
    answer: all.filter(({ answers }) => answers).length,
    of: all.length,
    silent: all.filter(({ answers }) => !answers).map(({ name }) => name),
  };
}

const answerMs = 2_000;

function takesConnections(address: string, tlsRoot: string): Promise<boolean> {
  const colon = address.lastIndexOf(':');
  const host = address.slice(0, colon);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ host, port: Number(address.slice(colon + 1)), ca: tlsRoot, ALPNProtocols: ['h2'] });
  socket.once('secureConnect', () => resolve(true));
  socket.once('error', () => resolve(false));
  socket.setTimeout(answerMs, () => resolve(false));
  return promise.finally(() => socket.destroy());
}
