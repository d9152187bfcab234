/**
 * The chaincode as a service: peers dial in over mutual TLS. One argument, the path of a JSON config; prints `{"ready":true}` once it
 * listens; SIGTERM ends it at once, because a simulation that is cut off has no effect.
 */
import { readFileSync } from 'node:fs';
import { contracts } from './contracts/index.ts';
import { object, text } from './domain/shape.ts';
import { Chaincode, serveChaincode } from './fabric.ts';

type Config = {
  /** Package id of the installed chaincode, as peers know it. */
  readonly ccid: string;
  /** `host:port` to listen on. */
  readonly address: string;
  /** Paths of PEM files. Peers must present a certificate under `clientRoots`. */
  readonly tls: { readonly key: string; readonly certificate: string; readonly clientRoots: string };
};

const path = text({ max: 4096 });
const readConfig = object<Config>({
  ccid: text({ max: 256 }),
  address: text({ max: 256 }),
  tls: object({ key: path, certificate: path, clientRoots: path }),
});

const [configPath] = process.argv.slice(2);
if (configPath === undefined) throw new Error('usage: main.js CONFIG (the path of a JSON file)');
const { ccid, address, tls } = readConfig(JSON.parse(readFileSync(configPath, 'utf8')), 'config');

process.on('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => process.exit(0));
await serveChaincode(new Chaincode(contracts), {
  ccid,
  address,
  tlsProps: {
    key: readFileSync(tls.key),
    cert: readFileSync(tls.certificate),
    clientCACerts: readFileSync(tls.clientRoots),
  },
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
}).start();
process.stdout.write('{"ready":true}\n');
