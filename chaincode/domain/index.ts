export * from './events.ts';
export * from './ids.ts';
export * from './records.ts';
export * from './refusal.ts';
export type * from './transactions.ts';
