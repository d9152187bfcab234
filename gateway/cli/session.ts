import { resolve } from 'node:path';
import { type Credentials, readCredentials, signIn } from './credentials.ts';
import type { Output } from './output.ts';
import type { RestClient } from './rest.ts';

export type SessionOptions = { readonly directory: string; readonly as?: string; readonly role?: string };

/** Who types a command: which network, which organization, which role. */
export class Session {
  readonly #options: () => SessionOptions;
  readonly #output: () => Output;

  constructor(options: () => SessionOptions, output: () => Output) {
    this.#options = options;
    this.#output = output;
  }

  get output(): Output {
    return this.#output();
  }

  credentials(): Promise<Credentials> {
    return readCredentials(resolve(this.#options().directory));
  }

  /** The organization named with `--as`, which is one of the network's. */
  async organization(): Promise<string> {
    const known = Object.keys((await this.credentials()).organizations);
    const { as } = this.#options();
    if (as === undefined)
      throw new Error(`Say for whom you act, with --as ${known.join('|')} (or DCLOUD_ORGANIZATION)`);
    if (!known.includes(as)) throw new Error(`No organization "${as}" here: one of ${known.join(', ')}`);
    return as;
  }

  /** The gateway of the organization named with `--as`, in the role of `--role` or the one that suits the command. */
  async rest(usualRole = 'data-team'): Promise<RestClient> {
    return signIn(await this.credentials(), await this.organization(), this.#options().role ?? usualRole);
  }
}
