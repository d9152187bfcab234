// The one place that loads @peculiar/x509: its dependency injection needs reflect-metadata before it, once per program.
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

export { x509 };
