import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { type CallOptions, Client, credentials, InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import { Fault } from './fault.ts';

/** How to reach a peer, and what to trust there. */
export interface PeerAddress {
  /** `host:port`; of several, all with IPv4 addresses, the first that answers is used until it goes away. */
  readonly address: string | readonly string[];
  /** TLS roots, PEM: the peer's organization's, as the channel configuration names them. */
  readonly tlsRoots: readonly string[];
  /** The name in the peer's TLS certificate where it is not the address's host. */
  readonly tlsServerName?: string;
  /** For peers that ask for client certificates. */
  readonly tls?: { readonly certificate: string; readonly key: KeyObject };
}

/** Fabric answers and blocks exceed gRPC's 4 MiB; peers send up to 100 MiB. Pings more often than each minute are refused. */
const mostBytes = 100 * 1024 * 1024;
const keepaliveMs = 120_000;

/** An open gRPC client to one peer; many may share it. */
export function openConnection(peer: PeerAddress): Client {
  const pem = (text: string) => Buffer.from(text);
  const secure = credentials.createSsl(
    pem(peer.tlsRoots.join('')),
    peer.tls === undefined ? null : pem(peer.tls.key.export({ type: 'pkcs8', format: 'pem' }).toString()),
    peer.tls === undefined ? null : pem(peer.tls.certificate),
  );
  const addresses = typeof peer.address === 'string' ? [peer.address] : peer.address;
  const serverName = peer.tlsServerName ?? loopbackName(addresses[0] ?? '');
  return new Client(targetOf(addresses), secure, {
    'grpc.max_receive_message_length': mostBytes,
    'grpc.max_send_message_length': mostBytes,
    'grpc.keepalive_time_ms': keepaliveMs,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.initial_reconnect_backoff_ms': 200,
    'grpc.max_reconnect_backoff_ms': 5_000,
    ...(serverName === undefined
      ? {}
      : { 'grpc.ssl_target_name_override': serverName, 'grpc.default_authority': serverName }),
  });
}

/** gRPC tries the addresses of one target in their order, for each new connection (grpc/naming). */
function targetOf(addresses: readonly string[]): string {
  const [first = '', ...more] = addresses;
  if (more.length === 0) return first;
  const foreign = addresses.find((address) => isIP(hostOf(address)) !== 4);
  if (foreign === undefined) return `ipv4:${addresses.join(',')}`;
  throw new Fault('misconfigured', `of several peers each is named by an IPv4 address, ${foreign} is not`);
}

const hostOf = (address: string) => address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');

/** Node refuses IP addresses as TLS server names; certificates of one machine carry `localhost`. */
function loopbackName(address: string): string | undefined {
  const host = hostOf(address);
  return isIP(host) !== 0 && (host.startsWith('127.') || host === '::1') ? 'localhost' : undefined;
}

/** What peers with mutual TLS want in each request for blocks: SHA-256 of our client certificate (DER). */
export function tlsCertificateHash(peer: PeerAddress): Uint8Array | undefined {
  if (peer.tls === undefined) return undefined;
  return createHash('sha256').update(new X509Certificate(peer.tls.certificate).raw).digest();
}

/** Ends the call when the signal is aborted; the caller then sees the signal's reason. */
function cancelledBy(signal: AbortSignal): Interceptor {
  return (options, nextCall) => {
    const call = new InterceptingCall(nextCall(options), {
      start(metadata, _listener, next) {
        const cancel = () => call.cancelWithStatus(1, 'aborted by the caller');
        signal.addEventListener('abort', cancel, { once: true });
        next(metadata, {
          onReceiveStatus(status, pass) {
            signal.removeEventListener('abort', cancel);
            pass(status);
          },
        });
        if (signal.aborted) cancel();
      },
    });
    return call;
  };
}

/** Every call has an end: after `ms`, or when the signal is aborted. */
export function callOptions(ms: number, signal?: AbortSignal): CallOptions {
  return {
    deadline: Date.now() + ms,
    ...(signal === undefined ? {} : { interceptors: [cancelledBy(signal)] }),
  };
}
