export type { ReadModel } from './read-model.ts';
