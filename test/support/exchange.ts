import { request as plain } from 'node:http';
import { type RequestOptions, request as secure } from 'node:https';
import type { Network, OrganizationName, RoleName } from './network.ts';

/** One HTTP answer as it came. `code` is that of a problem document, where it is one. */
export type Answer = { readonly status: number; readonly code?: string; readonly body: Buffer };

export type Exchange = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
};

/** Sends exactly these bytes to an organization's REST listener, under its key unless another `authorization` is given. */
export function rawRest(
  network: Network,
  organization: OrganizationName,
  path: string,
  { headers = {}, ...rest }: Exchange & { readonly role?: RoleName } = {},
): Promise<Answer> {
  const { rest: address, keys } = network.credentials.organizations[organization]!;
  const authorization = `Bearer ${keys[rest.role ?? 'data-team']}`;
  return exchange(new URL(address), path, { ...rest, headers: { authorization, ...headers } });
}

/** What a caller shows at a peer listener: nothing, or a client certificate with its key, PEM. */
export type PeerIdentity = { readonly cert?: string; readonly key?: string };

/** Sends one request to an organization's peer listener. Rejects where TLS refuses the connection. */
export function rawPeer(
  network: Network,
  organization: OrganizationName,
  path: string,
  identity: PeerIdentity,
  more: Exchange = {},
): Promise<Answer> {
  const { peer } = network.credentials.organizations[organization]!;
  // The listener's own certificate is not what is attacked here.
  return exchange(new URL(peer), path, more, { ...identity, rejectUnauthorized: false });
}

function exchange(
  address: URL,
  path: string,
  { method = 'GET', headers = {}, body }: Exchange,
  tls?: RequestOptions,
): Promise<Answer> {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const options: RequestOptions = {
    host: address.hostname,
    port: address.port,
    // Sent as it is: neither fetch nor URL may tidy it.
    path,
    method,
    headers: { ...headers, ...(bytes && { 'content-length': bytes.length }) },
    // A connection of its own: nobody closes it meanwhile for having been idle.
    agent: false,
    ...tls,
  };
  return new Promise((resolve, reject) => {
    const outgoing = (tls === undefined ? plain : secure)(options, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on('data', (piece: Buffer) => pieces.push(piece));
      incoming.once('error', reject);
      incoming.once('end', () => {
        const whole = Buffer.concat(pieces);
        resolve({ status: incoming.statusCode ?? 0, body: whole, ...codeIn(whole) });
      });
    });
    outgoing.setTimeout(30_000, () => outgoing.destroy(new Error('no answer in 30 s')));
    outgoing.once('error', reject);
    outgoing.end(bytes);
  });
}

function codeIn(body: Buffer): { readonly code?: string } {
  try {
    const { code } = JSON.parse(body.toString('utf8')) as { code?: unknown };
    return typeof code === 'string' ? { code } : {};
  } catch {
    return {};
  }
}
