export { Stranger } from './stranger.ts';
