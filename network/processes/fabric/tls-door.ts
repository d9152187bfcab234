import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { Identity } from '../../admin/index.ts';
import { Fault } from '../../ledger/fault.ts';

const answerMs = 5_000;

/** Resolves when whoever listens on the port of an own address holds the key of the identity's own TLS certificate. */
export function showsCertificate(
  port: number,
  { tls, tlsRoot, mspId }: Identity,
  signal: AbortSignal,
  host = '127.0.0.1',
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, ca: tlsRoot, servername: 'localhost', ALPNProtocols: ['h2'] });
    const leave = (error?: Error) => {
      socket.destroy();
      error === undefined ? resolve() : reject(error);
    };
    socket.setTimeout(answerMs, () => leave(new Fault('timeout', `port ${port} does not answer`)));
    signal.addEventListener('abort', () => leave(new Fault('timeout', `port ${port} does not answer`)), { once: true });
    socket.once('error', leave);
    socket.once('secureConnect', () => {
      // A certificate may have been renewed since for the same key.
      const { publicKey } = new X509Certificate(tls.certificate);
      const own = new X509Certificate(socket.getPeerCertificate().raw).publicKey.equals(publicKey);
      leave(own ? undefined : new Fault('misconfigured', `port ${port} is served by another program of ${mspId}`));
    });
  });
}
