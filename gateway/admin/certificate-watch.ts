import type { CertificateExpiry } from '@d-cloud/network/admin';
import type { Logger } from 'pino';
import type { Certificates } from './certificates.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** What readiness says of certificates that end soon; nothing where none does. */
export function endingSoon(certificates: readonly CertificateExpiry[]): string | undefined {
  const ending = certificates.filter(({ warning }) => warning !== undefined);
  const [first] = ending;
  if (first === undefined) return undefined;
  const when = first.daysLeft < 0 ? 'has ended' : `ends in ${first.daysLeft} days`;
  const others = ending.length === 1 ? '' : `, and ${ending.length - 1} more end within 90 days`;
  return `${first.holder} of ${first.organization} ${when}${others}: see dcloud cert list`;
}

/** Looks once a day which certificates end soon, and says so in the log: at 90, at 30 and at 7 days, and when one has ended. */
export class CertificateWatch implements Disposable {
  readonly #certificates: Pick<Certificates, 'list'>;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(certificates: Pick<Certificates, 'list'>, log: Logger) {
    this.#certificates = certificates;
    this.#log = log;
  }

  /** The first look comes at once, and the next one a day later. */
  start(): void {
    const look = () => {
      this.look().catch((error: unknown) => this.#log.warn({ err: error }, 'certificates could not be looked at'));
    };
    look();
    this.#timer = setInterval(look, dayMs).unref();
  }

  /** Says which certificates end within 90 days, the worst louder. */
  async look(): Promise<readonly CertificateExpiry[]> {
    const ending = (await this.#certificates.list()).filter(({ warning }) => warning !== undefined);
    for (const { organization, holder, daysLeft, warning, notAfter } of ending) {
      const told = { organization, holder, daysLeft, notAfter: notAfter.toISOString() };
      const sentence = warning === 'expired' ? 'a certificate has ended' : `a certificate ends within ${warning}`;
      if (warning === 'expired' || warning === '7 days') this.#log.error(told, sentence);
      else this.#log.warn(told, sentence);
    }
    return ending;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
