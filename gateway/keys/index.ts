export { KeyStore } from './key-store.ts';
