export { type FailpointName, failpointNames } from './failpoint.ts';
