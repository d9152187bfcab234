export type { ChannelBlock, ChannelTransaction } from './channel-block.ts';
export { openProjection, type Projection, type ProjectionHealth, type ProjectionPowers } from './projection.ts';
export type * from './read-model.ts';
export { whenCaughtUp } from './when-caught-up.ts';
