export * from './block.ts';
export * from './configuration.ts';
export * from './gateway.ts';
export * from './identity.ts';
export type { Decoded, Message } from './message.ts';
export * from './ordering.ts';
export * from './policy.ts';
export * from './transaction.ts';
export { MalformedMessage } from './wire.ts';
