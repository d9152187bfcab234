import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import shim from 'fabric-shim';
import { probe } from './probe-chaincode.ts';

// Serves the probe chaincode in a process of its own: fabric-shim and fabric-gateway bring different versions of the same
// generated messages, which overwrite each other in one process. Arguments: name, address, directory with the TLS files.
const [ccid = '', address = '', tlsDirectory = ''] = process.argv.slice(2);
const file = (name: string): Buffer => readFileSync(join(tlsDirectory, name));
const tlsProps = { key: file('key.pem'), cert: file('cert.pem'), clientCACerts: file('ca.pem') };
const limits = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };
// It starts a gRPC server that has started with its port, which grpc-js calls deprecated.
process.noDeprecation = true;
await shim.Shim.server(probe, { ccid, address, tlsProps, ...limits }).start();
process.send?.('listening');
process.once('disconnect', () => process.exit());
